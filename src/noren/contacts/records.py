"""How companies and people are shown, filtered, edited, imported, searched and offered to programs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from noren.contacts.models import Affiliation, Company, Consent, Person
from noren.core.base.japan.address import split_address
from noren.core.base.japan.person import split_full_name
from noren.core.base.japan.postal import lookup
from noren.core.record.declare import Facts, Record, Related, Row, Section, Timeline

ADDRESS = Section(
    _("Address"),
    Row("postal_code", "prefecture", "city"),
    Row("town", "block"),
    Row("building", "country"),
    "address",
    folded=True,
)


def complete_address(values: dict[str, Any]) -> None:
    """An address in one piece is parted, and a postal code alone names its place; what the file says itself stays."""
    if not (values.get("address") or values.get("postal_code")):
        return
    if any(values.get(name) for name in ("prefecture", "city", "town", "block")):
        return
    if values.get("address"):
        found = split_address(values["address"])
        if found.prefecture and len(found.town_rest) <= 120:
            values.update(prefecture=found.prefecture, city=found.city, town=found.town_rest)
    elif values.get("postal_code") and not values.get("country"):
        places = lookup(values["postal_code"])
        if len({(p.prefecture, p.city) for p in places}) == 1:
            values.update(prefecture=places[0].prefecture, city=places[0].city)
            if len(places) == 1:
                values["town"] = places[0].town


COMPANY_OF_CARD: tuple[str | tuple[str, ...], ...] = (
    "name_kana", "short_name", "corporate_number", "invoice_number", "industry", "employees", "annual_revenue",
    "founded_year", "phone", "fax", "email", "url", "standing", "rank",
    ("postal_code", "prefecture", "city", "town", "block", "building", "country", "address"),
)  # fmt: skip
"""What business cards and lists of people say of the company; see Record.fills."""


class Companies(Record):
    model = Company
    completed = ("postal_code", "prefecture", "city", "town", "block", "building")
    known_by = "external_id", "corporate_number", "name_key"
    columns = (
        "legal_name",
        "standing",
        "next_step",
        "last_touch_at",
        "owner",
        "industry",
        "prefecture",
        "phone",
        "updated_at",
    )
    filters = (
        "legal_name", "name_kana", "standing", "rank", "industry", "employees", "annual_revenue", "founded_year",
        "prefecture", "city", "country", "owner", "owner__team", "parent", "corporate_number", "invoice_number",
        "next_step_at", "last_touch_at", "created_at", "updated_at", "external_id", "kana_sort",
    )  # fmt: skip
    form = (
        Section(
            _("Company"),
            Row("legal_name", "name_kana"),
            Row("standing", "rank", "industry"),
            Row("phone", "email", "url"),
            "owner",
        ),
        ADDRESS,
        Section(
            _("More"),
            Row("short_name", "fax"),
            Row("corporate_number", "invoice_number"),
            Row("employees", "annual_revenue", "founded_year"),
            "parent",
            "note",
            "external_id",
            folded=True,
        ),
    )
    read_only = ("next_step", "next_step_at", "last_touch_at", "created_at", "updated_at")
    panels = (
        Facts("name_kana", "standing", "rank", "industry", "employees", "annual_revenue", "phone", "url", "corporate_number", "owner"),
        Related("contacts.person", "company", title=_("People"), columns=("full_name", "department", "post", "phone")),
        Related("contacts.affiliation", "company", title=_("Affiliations"), columns=("person", "post", "from_on", "to_on")),
        Timeline(),
    )  # fmt: skip
    compact = "legal_name", "standing", "industry", "prefecture", "phone", "owner"
    title = "legal_name"
    tones = {
        "customer": "matsu",
        "prospect": "fuji",
        "dormant": "line",
        "ended": "line",
        "partner": "nando",
        "a": "matsu",
    }
    reading = "name_kana"
    groups = {"annual_revenue": "money", "email": "private", "phone": "private", "fax": "private"}
    arrives, made_by_name = 1, True
    face = "square"
    keys = (("external_id",), ("corporate_number",), ("name_key",))
    alike = (("kana_sort",), ("phone",))
    views = (
        (_("Mine"), "owner=@me"),
        (_("Customers"), "standing=customer"),
        (_("No contact for 90 days"), "last_touch_at__lt=@last_90_days"),
        (_("No next step"), "next_step_at__empty=1"),
    )
    icon = "building"
    nav = ("sales", 30)
    hotkey = "c"

    @classmethod
    def complete(cls, values: dict[str, Any], memo: dict[Any, Any]) -> None:
        complete_address(values)


class People(Record):
    model = Person
    fills = {"company": COMPANY_OF_CARD}
    completed = ("postal_code", "prefecture", "city", "town", "block", "building")
    known_by = "external_id", "email", "name_fold"
    columns = "full_name", "company", "department", "post", "email", "mobile", "last_touch_at", "owner", "updated_at"
    filters = (
        "full_name", "family_name", "given_name", "company", "company__industry", "company__standing", "department", "post",
        "email", "mobile", "phone", "prefecture", "city", "owner", "owner__team", "source", "met_on", "next_step_at",
        "last_touch_at", "created_at", "updated_at", "external_id", "kana_sort",
    )  # fmt: skip
    form = (
        Section(
            _("Person"),
            Row("family_name", "given_name", "honorific"),
            Row("family_kana", "given_kana"),
            Row("company", "department", "post"),
            Row("email", "mobile", "phone"),
            "owner",
        ),
        ADDRESS,
        Section(_("More"), Row("source", "met_on", "fax"), "is_kana_guess", "note", "external_id", folded=True),
    )
    read_only = ("full_name", "next_step", "next_step_at", "last_touch_at", "created_at", "updated_at")
    panels = (
        Facts("family_kana", "given_kana", "company", "department", "post", "email", "mobile", "phone", "source", "met_on", "owner"),
        Related("contacts.affiliation", "person", title=_("Career"), columns=("company", "department", "post", "from_on", "to_on")),
        Related("contacts.consent", "person", title=_("Consent"), columns=("channel", "state", "basis", "stated_at")),
        Timeline(),
    )  # fmt: skip
    compact = "full_name", "company", "post", "email", "mobile", "owner"
    title = "full_name"
    reading = "family_kana"
    groups = {"email": "private", "mobile": "private", "phone": "private", "fax": "private"}
    arrives = 2
    face = "round"
    keys = (("external_id",), ("email",), ("mobile", "family_name"), ("name_fold", "company"))
    alike = (("mobile",), ("phone",), ("name_fold",), ("kana_sort",))
    views = ((_("Mine"), "owner=@me"), (_("Met this month"), "met_on__on=@this_month"))
    icon = "person"
    nav = ("sales", 40)
    hotkey = "p"

    @classmethod
    def complete(cls, values: dict[str, Any], memo: dict[Any, Any]) -> None:
        complete_address(values)

    @classmethod
    def from_name(cls, text: str) -> dict[str, Any]:
        family, given = split_full_name(text) or (text, "")
        return {"family_name": family, "given_name": given}


class Affiliations(Record):
    model = Affiliation
    columns = "person", "company", "department", "post", "from_on", "to_on", "source"
    filters = "person", "company", "from_on", "to_on"
    form = (Row("person", "company"), Row("department", "post"), Row("from_on", "to_on"), "source")
    pages = False


class Consents(Record):
    model = Consent
    columns = "person", "purpose", "channel", "state", "basis", "stated_at", "source"
    tones = {"given": "matsu", "refused": "shu", "withdrawn": "shu"}
    filters = "person", "purpose", "channel", "state", "basis", "stated_at"
    form = (Row("person", "purpose"), Row("channel", "state", "basis"), "wording", Row("proof", "source"), "stated_at")
    pages = False
