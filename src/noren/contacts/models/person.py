"""A person outside, and where they have worked."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from noren.contacts.models.address import Addressed
from noren.contacts.models.company import Company, _digits, sort_key
from noren.core.base.facets import facet_index
from noren.core.base.fields import Email, Kana, LongText, Phone, Text
from noren.core.base.japan.person import display_name
from noren.core.base.model import Model, Reach, external_id_rule
from noren.core.base.search import SearchEntry, said_column, search_index
from noren.core.base.text import SEP, fold

FACETS = "department", "post", "source", "prefecture", "owner"


class Person(Addressed, Model):
    """Family and given name, reading and honorific are separate; the order is a matter of display.

    company, department and post mirror the present affiliation (see Affiliation for the dated story).
    """

    HONORIFICS = (("様", "様"), ("殿", "殿"), ("先生", "先生"), ("各位", "各位"), ("", _("none")))

    family_name = Text(_("Family name"), max_length=100, blank=True)
    given_name = Text(_("Given name"), max_length=100, blank=True)
    family_kana = Kana(_("Family name (reading)"), max_length=100, blank=True)
    given_kana = Kana(_("Given name (reading)"), max_length=100, blank=True)
    is_kana_guess = models.BooleanField(_("Reading is a guess"), default=False, db_default=False)
    full_name = models.CharField(_("Name"), max_length=201, editable=False, default="", db_default="")
    kana_sort = models.CharField(max_length=200, editable=False, default="", db_default="")
    name_fold = models.CharField(max_length=200, editable=False, default="", db_default="")
    honorific = models.CharField(
        _("Honorific"), max_length=8, choices=HONORIFICS, default="様", db_default="様", blank=True
    )
    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, related_name="people", verbose_name=_("Company")
    )
    department = Text(_("Department"), max_length=120, blank=True)
    post = Text(pgettext_lazy("job", "Post"), max_length=120, blank=True)
    email = Email(_("E-mail"), blank=True)
    mobile = Phone(_("Mobile"), blank=True)
    phone = Phone(_("Phone"), blank=True)
    fax = Phone(_("Fax"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Owner"),
        db_index=False,
    )  # fmt: skip
    source = Text(_("How we met"), max_length=80, blank=True)
    met_on = models.DateField(_("Met on"), null=True, blank=True)
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
    searched = ("family_name", "given_name", "family_kana", "given_kana", "email", "mobile", "phone", "external_id")
    found_through = "company"
    named_by = "name_fold"
    settled = ("full_name", "name_fold", "kana_sort")
    alone = True
    has_timeline = True

    class Meta(Model.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [external_id_rule("person")]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="person_updated"),
            facet_index("person_facets", *FACETS),
            models.Index(
                fields=["last_touch_at", "id"],
                name="person_touched",
                condition=models.Q(last_touch_at__isnull=False),
            ),
            models.Index(fields=["owner", "-updated_at", "-id"], name="person_owner"),
            models.Index(fields=["kana_sort", "id"], name="person_kana"),
            models.Index(fields=["merged_into"], name="person_merged", condition=models.Q(merged_into__isnull=False)),
            models.Index(Lower("email"), name="person_email", condition=~models.Q(email="")),
            models.Index(fields=["name_fold", "company"], name="person_name"),
            models.Index(fields=["mobile"], name="person_mobile", condition=~models.Q(mobile="")),
        ]

    def __str__(self) -> str:
        return self.shown_name()

    def shown_name(self, locale: str | None = None) -> str:
        return display_name(self.family_name, self.given_name, locale or get_language() or "ja")

    def settle(self) -> None:
        self.full_name = " ".join(filter(None, (self.family_name, self.given_name)))
        self.name_fold = fold(self.family_name + self.given_name)[:200]
        self.kana_sort = sort_key(self.family_kana + self.given_kana, self.full_name)

    def search_text(self) -> str:
        """Family and given name also stand joined, so that 田中太郎 finds 田中 太郎."""
        joined = (self.name_fold, fold(self.family_kana + self.given_kana))
        digits = (_digits(self.mobile), _digits(self.phone))
        return SEP.join(filter(None, (super().search_text(), *joined, *digits)))

    def clean(self) -> None:
        """A company alone is nobody: a person has a name or at least an address to write to."""
        if not self.family_name and not self.given_name and not self.email:
            raise ValidationError({"family_name": _("Enter a name or an e-mail address.")})


class PersonSearch(SearchEntry):
    row = models.OneToOneField(
        Person, models.CASCADE, primary_key=True, related_name="search_entry", db_constraint=False
    )

    class Meta:
        indexes = [search_index("person_grams")]


class Affiliation(Model):
    """Where a person worked from when to when; the one without an end is the present one."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="affiliations", verbose_name=_("Person"))
    company = models.ForeignKey(
        Company, models.CASCADE, null=True, blank=True, related_name="affiliations", verbose_name=_("Company")
    )
    department = Text(_("Department"), max_length=120, blank=True)
    post = Text(pgettext_lazy("job", "Post"), max_length=120, blank=True)
    email = Email(_("E-mail"), blank=True)
    from_on = models.DateField(_("From"), null=True, blank=True)
    to_on = models.DateField(_("To"), null=True, blank=True)
    source = Text(_("Source"), max_length=80, blank=True)

    reach = Reach(parents=("person",))
    part = True

    class Meta(Model.Meta):
        verbose_name = _("affiliation")
        verbose_name_plural = _("affiliations")
        ordering = ["person", "-from_on"]
        indexes = [models.Index(fields=["person", "-from_on"], name="affiliation_person")]

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.company or ""), self.department, self.post)))

    def clean(self) -> None:
        if self.from_on and self.to_on and self.to_on < self.from_on:
            raise ValidationError({"to_on": _("The end lies before the beginning.")})
