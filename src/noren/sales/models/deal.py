"""A deal: one chance to sell, from the first talk to won or lost."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from noren.catalog.models import Product
from noren.contacts.models import Company, Person
from noren.core.access.firm import firm
from noren.core.access.models import Team
from noren.core.base.facets import facet_index
from noren.core.base.fields import LongText, MoneyField, Percent, Text
from noren.core.base.model import Model, Reach, Span, external_id_rule
from noren.core.base.search import SearchEntry, said_column, search_index
from noren.sales.models.pipeline import LossReason, Pipeline, Stage

# What sums over open deals read: beside the index's own columns, so that the table itself is not looked at.
SUMMED = [
    "outcome", "amount", "list_amount", "probability", "next_step_at", "stage_since", "close_by", "opened_on", "owner",
]  # fmt: skip

FACETS = "outcome", "stage", "source", "category", "owner"

SLIP = timedelta(minutes=10)  # going back to a stage within this time takes the step back, as its "Undo" does


class Deal(Model):
    """`amount` is what we expect, and once won what counts. `list_amount` is the same at list prices, from the lines:
    the common measure of won and lost deals. Both in minor units, net of tax; an unknown amount is null, never 0.

    `stage` stays where it was when the deal was closed; `outcome` says how it ended. `team` is the owner's team at the
    time of giving, so that past figures of a team survive a move of its people.
    """

    OUTCOMES = (("open", pgettext_lazy("deal", "Open")), ("won", _("Won")), ("lost", _("Lost")))
    CATEGORIES = (
        ("", "—"),
        ("commit", _("Commit")),
        ("best", _("Best case")),
        ("pipeline", _("In pipeline")),
        ("omitted", pgettext_lazy("forecast", "Left out")),
    )

    title = Text(_("Deal"), max_length=200)
    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, related_name="deals", verbose_name=_("Company")
    )
    person = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="deals", verbose_name=_("Person")
    )
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals", verbose_name=_("Pipeline"))
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals", verbose_name=_("Stage"))
    stage_since = models.DateTimeField(_("In this stage since"), default=timezone.now, editable=False)
    outcome = models.CharField(_("Outcome"), max_length=8, choices=OUTCOMES, default="open", db_default="open")
    amount = MoneyField(_("Amount"), null=True, blank=True)
    list_amount = MoneyField(_("Amount at list price"), null=True, blank=True, editable=False)
    currency = models.CharField(max_length=3, default="", db_default="", blank=True, editable=False)
    probability = Percent(_("Probability"), null=True, blank=True, help_text=_("Leave empty to follow the stage."))
    category = models.CharField(
        _("Forecast category"), max_length=10, choices=CATEGORIES, blank=True, default="", db_default=""
    )
    opened_on = models.DateField(_("Opened on"), null=True, blank=True)
    close_by = models.DateField(_("Expected close"), null=True, blank=True)
    closed_on = models.DateField(_("Closed on"), null=True, blank=True, editable=False)
    loss_reason = models.ForeignKey(
        LossReason, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Reason for loss")
    )
    loss_note = Text(_("How it was lost"), max_length=400, blank=True)
    competitor = Text(_("Competitor"), max_length=120, blank=True)
    source = Text(_("Source"), max_length=80, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Owner")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("Team"), editable=False
    )
    note = LongText(_("Note"), blank=True)
    position = models.BigIntegerField(default=0, db_default=0, editable=False)
    next_step = models.CharField(_("Next step"), max_length=255, blank=True, editable=False, default="", db_default="")
    next_step_at = models.DateTimeField(_("Next step on"), null=True, blank=True, editable=False)
    last_touch_at = models.DateTimeField(_("Last contact"), null=True, blank=True, editable=False)
    said = said_column()

    facets = FACETS
    reach = Reach(owner="owner")
    searched = ("title", "external_id")
    found_through = "company"
    kept = ("pipeline", "stage", "outcome", "closed_on", "amount", "list_amount", "owner", "team")
    settled = ("pipeline", "currency", "team")
    has_timeline = True

    class Meta(Model.Meta):
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        constraints = [
            external_id_rule("deal"),
            models.CheckConstraint(
                condition=models.Q(outcome="open", closed_on__isnull=True) | models.Q(~models.Q(outcome="open"), closed_on__isnull=False),
                name="deal_closed_has_day",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="deal_updated"),
            facet_index("deal_facets", *FACETS),
            models.Index(fields=["amount", "id"], name="deal_amount"),
            models.Index(fields=["owner", "-updated_at", "-id"], name="deal_owner"),
            models.Index(fields=["company", "-updated_at"], name="deal_company"),
            models.Index(
                fields=["pipeline", "stage", "position", "id"], name="deal_board", include=SUMMED,
                condition=models.Q(outcome="open", removed_at__isnull=True),
            ),
            models.Index(
                fields=["owner", "stage", "position", "id"], name="deal_board_of",
                condition=models.Q(outcome="open", removed_at__isnull=True),
            ),
            models.Index(
                fields=["closed_on", "outcome"], name="deal_closed", include=["amount", "list_amount", "opened_on", "owner"],
                condition=models.Q(removed_at__isnull=True),
            ),
            models.Index(fields=["opened_on"], name="deal_opened", condition=models.Q(removed_at__isnull=True)),
            models.Index(fields=["close_by", "id"], name="deal_close_by"),
            models.Index(
                fields=["stage_since", "id"], name="deal_waiting", condition=models.Q(outcome="open", removed_at__isnull=True),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.title)

    def is_open(self) -> bool:
        return self.outcome == "open"

    def is_closed(self) -> bool:
        return self.outcome != "open"

    @property
    def chance(self) -> int:
        """Percent: the deal's own, else the stage's; 100 or 0 once decided."""
        if self.outcome != "open":
            return 100 if self.outcome == "won" else 0
        return int(self.probability if self.probability is not None else self.stage.probability)

    @property
    def weighted(self) -> int | None:
        """Amount times chance, in minor units."""
        return None if self.amount is None else round(self.amount * self.chance / 100)

    def settle(self) -> None:
        if not self.currency:
            self.currency = firm().currency
        if self.stage_id and (not self.pipeline_id or self._state.adding):
            self.pipeline_id = self.stage.pipeline_id
        if self._state.adding or self.owner_id != getattr(self, "_owner_was", self.owner_id):
            self.team_id = self.owner.team_id if self.owner else None
        self._owner_was = self.owner_id

    def save(self, *args: Any, at: datetime | None = None, **kw: Any) -> None:
        """A deal told of after it was opened has its history from the day it was opened."""
        if at is None and self._state.adding and self.opened_on:
            at = min(day_start(self.opened_on), timezone.now())
        super().save(*args, at=at, **kw)

    def keep(self, at: datetime | None = None) -> None:
        """What is written down as decided on a day (an import brought it) was decided on that day. Where only the day is
        another one than was told before, that was a slip: decided from the right day on, and open until then."""
        was = dict(zip(self.kept, getattr(self, "_kept", ()), strict=False))
        if was and self.closed_on:
            decided = min(midday(self.closed_on), timezone.now())
            if was["outcome"] == self.outcome and was["closed_on"] != self.closed_on:
                self._open_until(decided, was["closed_on"])
                at = decided
            elif at is None and was["outcome"] != self.outcome:
                at = decided
        super().keep(at)
        if self.opened_on != self.__dict__.get("_opened_was", self.opened_on):
            self._there_since_opened()
        self._opened_was = self.opened_on

    def _lasted(self) -> models.QuerySet[Any]:
        """Its history without what was corrected away."""
        found: models.QuerySet[Any] = self.spans.filter(models.Q(to_at=None) | models.Q(to_at__gt=models.F("from_at")))
        return found

    def _there_since_opened(self) -> None:
        """A deal that turns out to have been opened earlier was there earlier: its history is told once more from that day."""
        spans = list(self._lasted().order_by("from_at"))
        start = day_start(self.opened_on) if self.opened_on else None
        if start and spans and start < spans[0].from_at:
            names = [self.column(name).attname for name in self.kept]
            for at, span in zip((start, *(span.from_at for span in spans[1:])), spans, strict=True):
                self.tell_of(at, tuple(getattr(span, name) for name in names))

    def _open_until(self, decided: datetime, told: date) -> None:
        """Take back that it was decided on the day `told`, where that lies before."""
        began = self._lasted().filter(closed_on=told).order_by("from_at").values_list("from_at", flat=True).first()
        if began and began < decided:
            now = dict(zip(self.kept, self.kept_values(), strict=True))
            self.tell_of(began, (*(now | {"outcome": "open", "closed_on": None}).values(),))

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any, **kw: Any) -> Self:
        row = super().from_db(db, field_names, values, **kw)
        row._owner_was, row._opened_was = row.__dict__.get("owner_id"), row.__dict__.get("opened_on")
        return row

    def story(self, now: datetime) -> list[tuple[datetime, dict[str, Any]]]:
        """The history a freshly imported deal tells of itself: open from the day it was opened, then as it ended."""
        if self.outcome == "open":
            return [(day_start(self.opened_on) if self.opened_on else now, {})]
        assert self.closed_on is not None
        end = midday(self.closed_on)
        if self.opened_on is None:
            return [(end, {})]
        return [(day_start(self.opened_on), {"outcome": "open", "closed_on": None}), (end, {})]

    def clean(self) -> None:
        faults: dict[str, Any] = {}
        if self.stage_id and self.pipeline_id and self.stage.pipeline_id != self.pipeline_id:
            faults["stage"] = _("This stage belongs to another pipeline.")
        if self.opened_on and self.closed_on and self.closed_on < self.opened_on:
            faults["closed_on"] = _("The deal would be closed before it was opened.")
        if self.amount is not None and self.amount < 0:
            faults["amount"] = _("An amount cannot be negative.")
        if faults:
            raise ValidationError(faults)

    # -- what may happen to a deal; actions call these, nothing else does -----------------------------------------
    def move(self, stage: Stage, now: datetime) -> datetime:
        """Put it into a stage; since when that is true: now, or when it is taken straight back, from when it left by mistake."""
        self.stage, self.pipeline = stage, stage.pipeline
        self.stage_since, true_from = self._slip(stage, now) or (now, now)
        return true_from

    def _slip(self, stage: Stage, now: datetime) -> tuple[datetime, datetime] | None:
        """(since when it had been in a stage, when it left), for a stage it left just before: a hand that slipped is no step."""
        spans = self._lasted().order_by("-from_at").values_list("stage_id", "from_at")
        stays = [(pk, [at for _pk, at in stay][-1]) for pk, stay in groupby(spans, key=itemgetter(0))]
        if len(stays) < 2 or stays[1][0] != stage.pk or now - stays[0][1] > SLIP:
            return None
        return stays[1][1], stays[0][1]

    def close(self, outcome: str, on: date) -> None:
        self.outcome, self.closed_on = outcome, on

    def reopen(self) -> None:
        """Open again, with the amount it had before it was closed; one given to it since then stays."""
        self.amount = self._amount_before_closing()
        self.outcome, self.closed_on, self.loss_reason, self.loss_note = "open", None, None, ""

    def _amount_before_closing(self) -> int | None:
        """As written down last before it was closed: a closing told of later takes back what was believed of the days after."""
        told: list[tuple[str, int | None]] = list(self.spans.order_by("-pk").values_list("outcome", "amount"))
        own: int | None = self.amount
        closed_with = own
        for outcome, amount in told:
            if outcome == "open":
                return amount if closed_with == own else own
            closed_with = amount
        return own

    def add_up(self) -> None:
        """Take the amounts from the lines; a deal without lines keeps its typed amount."""
        lines = list(DealLine.every.filter(deal_id=self.pk, removed_at__isnull=True))
        if not lines:
            self.list_amount = None
            return
        self.amount = sum(line.amount for line in lines)
        known = [line.list_amount for line in lines]
        self.list_amount = None if any(v is None for v in known) else sum(v or 0 for v in known)


def day_start(day: date) -> datetime:
    """The first moment of the firm's day."""
    return datetime.combine(day, time(0), ZoneInfo(firm().tz))


def midday(day: date) -> datetime:
    """The moment a fact dated with a day alone is given: noon of the firm's day is never another day nearby."""
    return datetime.combine(day, time(12), ZoneInfo(firm().tz))


class DealSearch(SearchEntry):
    row = models.OneToOneField(Deal, models.CASCADE, primary_key=True, related_name="search_entry")

    class Meta:
        indexes = [search_index("deal_grams")]


class DealSpan(Span):
    """What a deal was, from one moment to the next: the truth behind every “as of”."""

    row = models.ForeignKey(Deal, models.CASCADE, related_name="spans", db_index=False)
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="+", db_index=False)
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    outcome = models.CharField(max_length=8)
    closed_on = models.DateField(null=True)
    amount = models.BigIntegerField(null=True)
    list_amount = models.BigIntegerField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["row", "from_at"], name="deal_span_row"),
            models.Index(
                fields=["from_at", "to_at"], name="deal_span_open", condition=models.Q(outcome="open"),
            ),
            models.Index(fields=["row"], name="deal_span_now", condition=models.Q(to_at__isnull=True)),
            BrinIndex(fields=["from_at", "to_at"], name="deal_span_ahead", autosummarize=True, pages_per_range=16),  # what is said of days to come
        ]  # fmt: skip


class DealLine(Model):
    """One product on a deal. `share` is its part of the deal's worth, so that a deal counts once across products: the
    shares of a deal add up to 1, which is why lines are written together (`set_lines`)."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="lines", verbose_name=_("Deal"))
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="deal_lines", verbose_name=_("Product")
    )
    text = Text(_("Text"), max_length=200, blank=True)
    quantity = models.DecimalField(_("Quantity"), max_digits=14, decimal_places=4, default=Decimal(1))
    unit_price = models.DecimalField(_("Unit price"), max_digits=18, decimal_places=4, default=Decimal(0))
    list_price = models.DecimalField(_("List price"), max_digits=18, decimal_places=4, null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("Position"), default=0)
    share = models.DecimalField(max_digits=12, decimal_places=10, default=Decimal(1), editable=False)

    reach = Reach(parents=("deal",))
    part = True
    as_one = True

    class Meta(Model.Meta):
        verbose_name = _("deal line")
        verbose_name_plural = _("deal lines")
        ordering = ["deal", "position", "id"]
        indexes = [models.Index(fields=["deal", "position"], name="deal_line_deal")]

    def __str__(self) -> str:
        return self.text or str(self.product or "")

    @property
    def amount(self) -> int:
        """Minor units, rounded half up to a whole unit per line before tax."""
        return int((self.quantity * self.unit_price).quantize(Decimal(1), rounding="ROUND_HALF_UP"))

    @property
    def list_amount(self) -> int | None:
        if self.list_price is None:
            return None
        return int((self.quantity * self.list_price).quantize(Decimal(1), rounding="ROUND_HALF_UP"))
