"""What stands beside a deal: its people and when they were last met, its company, the other deals with it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from noren.contacts.models import Company, Person
from noren.core.access.actor import Actor
from noren.core.access.rights import Touch
from noren.core.access.scope import visible
from noren.core.base.kept import Asking, ask
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.page.row.related import seen
from noren.core.record.declare import Panel, record_of, socket
from noren.sales.models import Deal
from noren.sales.records import Deals

MOST = 5
QUIET = 21  # days without contact after which a person is marked


def people(deal: Deal, actor: Actor) -> Asking[dict[str, Any] | None]:
    """The person of the deal first, then others of its company."""
    if deal.company_id is None and deal.person_id is None:
        return None
    look = Look.of(actor)
    by, value = ("company_id", deal.company_id) if deal.company_id else ("pk", deal.person_id)

    def rows(value: int) -> QuerySet[Any]:
        return visible(Person, actor).filter(**{by: value}).order_by("-last_touch_at", "pk")[: MOST * 4]

    (around,) = yield [ask(("people of a deal", by), rows, value, who=actor)]
    listed = sorted(around, key=lambda p: p.pk != deal.person_id)[:MOST]
    if not listed:
        return None
    now = timezone.now()
    found = [
        {
            "name": str(one), "href": record_of(Person).url(one.pk), "note": " ".join(filter(None, (one.department, one.post))),
            "tag": _("Contact") if one.pk == deal.person_id else "", "tone": "nando",
            "last": cells.ago(one.last_touch_at, look) if one.last_touch_at else _("never met"),
            "watch": one.last_touch_at is None or (now - one.last_touch_at).days > QUIET,
        }
        for one in listed
    ]  # fmt: skip
    add = (
        f"{record_of(Person).url(verb='new')}?company={deal.company_id}"
        if deal.company_id and actor.may(Person, "create")
        else ""
    )
    return {
        "kind": "people",
        "title": _("People"),
        "people": found,
        "add_href": add,
        "add_sheet": True,
        "add_label": _("Add a person"),
    }


def company(deal: Deal, actor: Actor) -> Asking[dict[str, Any] | None]:
    one = deal.company
    yield []  # meanwhile the page finds out whether the company may be seen
    if one is None or not seen(one, actor):
        return None
    english = (get_language() or "ja").startswith("en")
    place = ", ".join(filter(None, (one.city, one.prefecture))) if english else one.prefecture + one.city
    note = (" · " if english else "・").join(filter(None, (str(one.get_standing_display()), one.industry, place)))
    card = {"name": str(one), "href": record_of(Company).url(one.pk), "note": note}
    return {"kind": "card", "title": _("Company"), "open_href": record_of(Company).url(one.pk), "card": card}


def others(deal: Deal, actor: Actor) -> Asking[dict[str, Any] | None]:
    """Other deals with the same company, newest first."""
    if deal.company_id is None:
        return None

    def rows(company: int, pk: int) -> QuerySet[Any]:
        same = visible(Deal, actor).filter(company_id=company).exclude(pk=pk).select_related("stage")
        return same.order_by("-updated_at", "-pk")[:MOST]

    (beside,) = yield [ask("other deals", rows, deal.company_id, deal.pk, who=actor)]
    look = Look.of(actor)
    priced = actor.touch(Deals.groups["amount"]) >= Touch.READ
    found = []
    for one in beside:
        value, unit = cells.compact(one.amount, look) if priced and one.amount is not None else ("", "")
        day = one.closed_on or one.close_by
        found.append({
            "title": one.title, "href": Deals.url(one.pk), "value": value, "unit": unit, "note": cells.day(day, look) if day else "",
            "tag": str(one.stage) if one.outcome == "open" else str(one.get_outcome_display()), "tone": Deals.tones.get(one.outcome, ""),
        })  # fmt: skip
    if not found:
        return None
    return {
        "kind": "cards",
        "title": _("Other deals"),
        "cards": found,
        "more_href": f"{Deals.url()}?company={deal.company_id}",
        "more_label": _("All"),
    }


for at, shows in enumerate((people, company, others)):
    socket(Panel(on="sales.deal", template="", shows=shows, order=10 + at))
