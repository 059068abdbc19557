"""How deals and what surrounds them are shown, filtered, edited, imported, searched and offered to programs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.core.filter.condition import F
from noren.core.record.declare import Board, Facts, Record, Related, Row, Section, Timeline
from noren.sales.actions.deal import lose_deal, move_deal, reopen_deal, win_deal
from noren.sales.models import Deal, DealLine, LossReason, Pipeline, Stage


class Deals(Record):
    model = Deal
    columns = "title", "company", "stage", "amount", "close_by", "next_step", "owner", "outcome", "updated_at"
    filters = (
        "title", "company", "person", "pipeline", "stage", "outcome", "amount", "list_amount", "probability", "category",
        "opened_on", "close_by", "closed_on", "owner", "team", "owner__reports_to", "company__industry",
        "company__standing", "company__prefecture", "company__country", "source", "loss_reason", "competitor",
        "next_step_at", "last_touch_at", "stage_since", "created_at", "updated_at", "external_id", "lines__product",
        "lines__product__family",
    )  # fmt: skip
    form = (
        Section(
            _("Deal"),
            "title",
            Row("company", "person"),
            Row("pipeline", "stage"),
            Row("amount", "probability"),
            Row("opened_on", "close_by"),
            Row("owner", "category"),
        ),
        Section(_("More"), Row("source", "competitor"), "note", "external_id", folded=True),
    )
    read_only = (
        "outcome", "closed_on", "list_amount", "loss_reason", "loss_note", "team", "stage_since", "next_step",
        "next_step_at", "last_touch_at", "created_at", "updated_at",
    )  # fmt: skip
    history = ("outcome", "closed_on", "loss_reason")
    actions = win_deal, lose_deal, move_deal, reopen_deal
    board = Board(
        by="stage", sum="amount", move=move_deal, scope="pipeline", where=F(outcome="open"),
        card=("company", "title", "amount", "close_by", "next_step", "owner"),
    )  # fmt: skip
    panels = (
        Facts("company", "person", "amount", "probability", "close_by", "category", "owner", "source", "competitor"),
        Related("sales.dealline", "deal", title=_("Lines"), columns=("product", "text", "quantity", "unit_price")),
        Timeline(),
    )
    compact = "title", "company", "amount", "stage", "close_by", "owner"
    totals = {"amount": "sum"}
    groups = {"amount": "money", "list_amount": "money", "probability": "public"}
    keys = (("external_id",), ("title", "company", "opened_on"))
    sort = "-updated_at"
    views = (
        (_("Open"), "outcome=open"),
        (_("Mine"), "outcome=open&owner=@me"),
        (_("Closing this month"), "outcome=open&close_by__on=@this_month&sort=close_by"),
        (_("No next step"), "outcome=open&next_step_at__empty=1"),
        (_("Won this quarter"), "outcome=won&closed_on__on=@this_quarter&sort=-closed_on"),
    )
    icon = "board"
    nav = ("sales", 20)
    hotkey = "d"


class DealLines(Record):
    model = DealLine
    columns = "deal", "product", "text", "quantity", "unit_price"
    filters = "deal", "product", "quantity"
    form = (Row("product", "text"), Row("quantity", "unit_price"))
    groups = {"unit_price": "money", "list_price": "money"}
    pages = False


class Pipelines(Record):
    model = Pipeline
    columns = "name", "position", "is_default"
    filters = ("name",)
    form = (Row("name", "position"), "is_default")
    keys = (("external_id",), ("name",))
    sort = "position"
    icon = "path"


class Stages(Record):
    model = Stage
    columns = "name", "pipeline", "position", "probability", "standard_days"
    filters = "name", "pipeline"
    form = (Row("pipeline", "name"), Row("position", "probability", "standard_days"))
    keys = (("external_id",), ("pipeline", "name"))
    sort = "position"
    icon = "path"


class LossReasons(Record):
    model = LossReason
    columns = "name", "position"
    filters = ("name",)
    form = (Row("name", "position"),)
    keys = (("name",),)
    sort = "position"
    icon = "x"
