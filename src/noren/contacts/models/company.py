"""A company we deal with, or would like to."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.contacts.models.address import Addressed
from noren.core.base.facets import facet_index
from noren.core.base.fields import Email, Kana, LongText, MoneyField, Phone, Text, Url
from noren.core.base.japan.company import name_key, parse_form
from noren.core.base.japan.corporate import parse_corporate_number, parse_invoice_number
from noren.core.base.japan.values import Unreadable
from noren.core.base.model import Model, Reach, external_id_rule
from noren.core.base.search import SearchEntry, said_column, search_index
from noren.core.base.text import SEP, fold, kana_key

FACETS = "standing", "rank", "industry", "prefecture", "owner"


class Company(Addressed, Model):
    """`legal_name` is printed in full on documents; `name_key` recognizes ㈱山田商店 as 株式会社山田商店."""

    RANKS = (("a", "A"), ("b", "B"), ("c", "C"))
    STANDINGS = (
        ("prospect", _("Prospect")),
        ("customer", _("Customer")),
        ("dormant", _("Dormant")),
        ("ended", _("Ended")),
        ("partner", _("Partner")),
    )

    legal_name = Text(_("Company name"), max_length=200)
    name_kana = Kana(
        _("Reading"), max_length=200, blank=True, help_text=_("Without 株式会社, for example ヤマダショウテン.")
    )
    short_name = Text(_("Short name"), max_length=80, blank=True)
    name_key = models.CharField(max_length=200, editable=False, default="", db_default="")
    form = models.CharField(max_length=40, editable=False, default="", db_default="")
    form_position = models.CharField(max_length=8, editable=False, default="", db_default="")
    kana_sort = models.CharField(max_length=200, editable=False, default="", db_default="")
    corporate_number = Text(_("Corporate number"), max_length=13, blank=True)
    invoice_number = Text(_("Invoice registration number"), max_length=14, blank=True)
    standing = models.CharField(
        _("Standing"), max_length=12, choices=STANDINGS, default="prospect", db_default="prospect"
    )
    rank = models.CharField(_("Rank"), max_length=1, choices=RANKS, blank=True, default="", db_default="")
    industry = Text(_("Industry"), max_length=80, blank=True)
    employees = models.PositiveIntegerField(_("Employees"), null=True, blank=True)
    annual_revenue = MoneyField(_("Annual revenue"), null=True, blank=True)
    founded_year = models.PositiveSmallIntegerField(
        _("Founded"), null=True, blank=True, validators=[MinValueValidator(500), MaxValueValidator(2200)]
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="subsidiaries", verbose_name=_("Parent company")
    )
    url = Url(_("Website"), blank=True)
    email = Email(_("E-mail"), blank=True)
    phone = Phone(_("Phone"), blank=True)
    fax = Phone(_("Fax"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Owner"),
        db_index=False,
    )  # fmt: skip
    note = LongText(_("Note"), blank=True)
    next_step = models.CharField(_("Next step"), max_length=255, blank=True, editable=False, default="", db_default="")
    next_step_at = models.DateTimeField(_("Next step on"), null=True, blank=True, editable=False)
    last_touch_at = models.DateTimeField(_("Last contact"), null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+", db_index=False
    )
    said = said_column()

    facets = FACETS
    reach = Reach(owner="owner")
    searched = (
        "legal_name",
        "name_kana",
        "short_name",
        "email",
        "phone",
        "corporate_number",
        "invoice_number",
        "external_id",
    )
    named_by = "name_key"
    settled = ("name_key", "form", "form_position", "kana_sort")
    alone = True
    has_timeline = True

    class Meta(Model.Meta):
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [external_id_rule("company")]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="company_updated"),
            facet_index("company_facets", *FACETS),
            models.Index(
                fields=["last_touch_at", "id"],
                name="company_touched",
                condition=models.Q(last_touch_at__isnull=False),
            ),
            models.Index(fields=["owner", "-updated_at", "-id"], name="company_owner"),
            models.Index(fields=["kana_sort", "id"], name="company_kana"),
            models.Index(fields=["merged_into"], name="company_merged", condition=models.Q(merged_into__isnull=False)),
            models.Index(fields=["name_key"], name="company_name", include=["id", "updated_at", "removed_at"]),
            models.Index(fields=["corporate_number"], name="company_number", condition=~models.Q(corporate_number="")),
            models.Index(fields=["industry", "-updated_at", "-id"], name="company_industry"),
            models.Index(fields=["prefecture"], name="company_prefecture"),
        ]

    def __str__(self) -> str:
        return str(self.legal_name)

    def settle(self) -> None:
        self.name_key = name_key(self.legal_name)[:200]
        self.form, self.form_position = parse_form(self.legal_name)
        self.kana_sort = sort_key(self.name_kana, self.legal_name)

    def search_text(self) -> str:
        """The name is found in both spellings: as written, and without form, spaces and dots."""
        return SEP.join(filter(None, (super().search_text(), fold(self.name_key), _digits(self.phone))))

    def clean(self) -> None:
        faults: dict[str, Any] = {}
        if self.legal_name and not name_key(self.legal_name):
            faults["legal_name"] = _("A legal form alone is not a name. Enter the company's own name too.")
        try:
            if self.corporate_number:
                self.corporate_number = parse_corporate_number(self.corporate_number)
        except Unreadable as fault:
            faults["corporate_number"] = NUMBER_FAULTS[fault.code]
        try:
            if self.invoice_number:
                self.invoice_number, _warning = parse_invoice_number(self.invoice_number)
        except Unreadable as fault:
            faults["invoice_number"] = NUMBER_FAULTS[fault.code]
        if self.parent_id and self.parent_id == self.pk:
            faults["parent"] = _("A company cannot be its own parent.")
        if faults:
            raise ValidationError(faults)


NUMBER_FAULTS = {
    "corporate.my_number": _(
        "Twelve digits are a My Number. It must not be kept here; enter the 13-digit corporate number."
    ),
    "corporate.length": _("A corporate number has 13 digits."),
    "corporate.check_digit": _("The check digit does not fit: please compare the number with the register."),
    "invoice.unreadable": _("An invoice registration number is T and 13 digits."),
}


class CompanySearch(SearchEntry):
    row = models.OneToOneField(
        Company, models.CASCADE, primary_key=True, related_name="search_entry", db_constraint=False
    )

    class Meta:
        indexes = [search_index("company_grams")]


_NO_DIGIT = re.compile("[^0-9]+")


@lru_cache(20_000)
def sort_key(kana: str, name: str) -> str:
    """Readings sort in 50-on order; without a reading a name sorts after all readings, then by itself."""
    return (kana_key(kana) if kana else "\uffff" + fold(name))[:200]


def _digits(phone: str) -> str:
    plain = phone.replace("-", "")
    if plain.isascii() and plain.isdigit():
        return plain
    return _NO_DIGIT.sub("", phone if phone.isascii() else fold(phone))
