"""How deals and what surrounds them are shown, filtered, edited, imported, searched and offered to programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from noren.core.access.actor import Actor
from noren.core.filter.condition import THIS_QUARTER, F
from noren.core.record.declare import (
    FURTHER_IMPORTS,
    Board,
    End,
    Facts,
    ImportField,
    Record,
    Related,
    Row,
    Section,
    Timeline,
    relate,
)
from noren.sales.actions.arrive import (
    add_products,
    attach_to_deals,
    closing_facts,
    complete_deal,
    default_pipeline,
    last_position,
    settle_outcome,
)
from noren.sales.actions.deal import lose_deal, move_deal, reopen_deal, win_deal
from noren.sales.models import Deal, DealLine, LossReason, Pipeline, Stage


class Deals(Record):
    model = Deal
    fills = {"company": ("name_kana", "corporate_number", "industry", "employees", "annual_revenue", "url")}
    known_by = "external_id", "title"
    columns = (
        "title",
        "company",
        "stage",
        "stage_since",
        "amount",
        "close_by",
        "next_step",
        "owner",
        "outcome",
        "updated_at",
    )
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
    history = ("outcome", "closed_on", "loss_reason", "loss_note")
    completed = ("stage_id", "stage_since", "title")
    actions = win_deal, lose_deal, move_deal, reopen_deal
    board = Board(
        by="stage", sum="amount", move=move_deal, scope="pipeline", where=F(outcome="open"),
        card=("company", "title", "amount", "close_by", "next_step", "owner"),
        ends=(
            End(win_deal, _("Won this quarter"), F(outcome="won", closed_on__on=THIS_QUARTER)),
            End(lose_deal, _("Lost this quarter"), F(outcome="lost", closed_on__on=THIS_QUARTER)),
        ),
    )  # fmt: skip
    panels = (
        Facts("company", "person", "amount", "probability", "close_by", "category", "owner", "source", "competitor"),
        Related("sales.dealline", "deal", title=_("Lines"), columns=("product", "text", "quantity", "unit_price")),
        Timeline(),
    )
    compact = "title", "company", "amount", "stage", "close_by", "owner"
    totals = {"amount": "sum"}
    tones = {"open": "nando", "won": "matsu", "lost": "line", "commit": "matsu", "best": "nando"}
    groups = {"amount": "money", "list_amount": "money", "probability": "public"}
    keys = (("external_id",), ("title", "company", "opened_on"))
    arrives = 3
    sort = "-updated_at"
    imports = (
        ImportField("product", _("Product"), target="catalog.product", apply=add_products),
        ImportField("quantity", _("Quantity"), kind="decimal"),
    )
    views = (
        (pgettext_lazy("deal", "Open"), "outcome=open"),
        (_("Mine"), "outcome=open&owner=@me"),
        (_("Closing this month"), "outcome=open&close_by__on=@this_month&sort=close_by"),
        (_("No next step"), "outcome=open&next_step_at__empty=1"),
        (_("Won this quarter"), "outcome=won&closed_on__on=@this_quarter&sort=-closed_on"),
    )
    icon = "board"
    nav = ("sales", 20)
    hotkey = "d"

    @classmethod
    def arrive(cls, values: dict[str, Any]) -> None:
        settle_outcome(values)

    @classmethod
    def complete(cls, values: dict[str, Any], memo: dict[Any, Any]) -> None:
        complete_deal(values, memo)

    @classmethod
    def arrived(cls, rows: Sequence[Any], actor: Actor) -> list[tuple[Any, datetime | None]]:
        return closing_facts(rows)


relate(
    "contacts.company",
    Related(
        "sales.deal", "company", columns=("title", "stage", "amount"), where=F(outcome="open"), title=_("Open deals")
    ),
)
relate(
    "contacts.company",
    Related(
        "sales.deal",
        "company",
        columns=("title", "outcome", "closed_on", "amount"),
        where=F(outcome__not="open"),
        title=_("Decided deals"),
    ),
)
relate("contacts.person", Related("sales.deal", "person", columns=("title", "stage", "amount", "outcome")))


FURTHER_IMPORTS.setdefault("activity.activity", []).append(
    ImportField("deal", _("Deal"), target="sales.deal", apply=attach_to_deals)
)


class DealLines(Record):
    model = DealLine
    columns = "deal", "product", "text", "quantity", "unit_price"
    filters = "deal", "product", "quantity"
    read_only = (
        "product",
        "text",
        "quantity",
        "unit_price",
        "list_price",
    )  # written as a whole: `set_lines` keeps the sums
    groups = {"unit_price": "money", "list_price": "money"}
    pages = False


class Pipelines(Record):
    model = Pipeline
    known_by = ("name",)
    columns = "name", "position", "is_default"
    filters = ("name",)
    form = (Row("name", "position"), "is_default")
    keys = (("external_id",), ("name",))
    one_by_one = True
    sort = "position"
    icon = "path"


class Stages(Record):
    model = Stage
    known_by = ("name",)
    columns = "name", "pipeline", "position", "probability", "standard_days"
    filters = "name", "pipeline"
    form = (Row("pipeline", "name"), Row("position", "probability", "standard_days"))
    keys = (("external_id",), ("pipeline", "name"))
    made_by_name, one_by_one = True, True
    sort = "position"
    icon = "path"

    @classmethod
    def from_name(cls, text: str) -> dict[str, Any]:
        """A stage that a file names comes after those of the default pipeline."""
        pipeline = default_pipeline()
        return {"name": text, "pipeline": pipeline.pk if pipeline else None, "position": last_position(pipeline) + 1}


class LossReasons(Record):
    model = LossReason
    known_by = ("name",)
    columns = "name", "position"
    filters = ("name",)
    form = (Row("name", "position"),)
    keys = (("name",),)
    made_by_name, one_by_one = True, True
    sort = "position"
    icon = "x"
