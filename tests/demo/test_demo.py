"""The demo firm: its figures agree with each other, in both languages, on any day; and it goes away whole."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from noren.accounts.models import User
from noren.activity.actions.mirror import differences
from noren.activity.models import Activity, Attachment, Mention
from noren.catalog.models import Product
from noren.contacts.models import Affiliation, Company, CompanySearch, Person
from noren.core.access.actor import HOUSE
from noren.core.access.models import Firm
from noren.core.base.japan.corporate import is_corporate_number
from noren.core.event.models import Fact
from noren.core.metric.ask import ask
from noren.demo import en, ja
from noren.demo.build import build, is_demo, is_empty, logins, remove
from noren.sales.models import Deal, DealLine, DealSpan

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def counts(noun: type) -> int:
    return noun.every.filter(removed_at__isnull=True).count()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_demo_firm_adds_up(language, client):
    build(language, "a-password-of-the-day")
    assert is_demo()
    assert Firm.objects.get().locale == language

    deals = list(Deal.every.select_related("company", "owner", "stage"))
    won = [d for d in deals if d.outcome == "won"]
    closed = [d for d in deals if d.outcome != "open"]
    assert 330 <= len(deals) <= 480
    assert 0.28 <= len(won) / len(closed) <= 0.35
    cycle = sum((d.closed_on - d.opened_on).days for d in closed) / len(closed)
    assert 35 <= cycle <= 55
    assert all(d.loss_reason_id for d in deals if d.outcome == "lost")

    # lines, deals, months and the measures tell the same money
    for row in DealLine.every.values("deal").annotate(amount=Sum(F("quantity") * F("unit_price")), share=Sum("share")):
        assert row["share"] == 1
        assert row["amount"] == next(d.amount for d in deals if d.pk == row["deal"])
    months = (
        Deal.every.filter(outcome="won")
        .annotate(month=TruncMonth("closed_on"))
        .values("month")
        .annotate(sum=Sum("amount"))
    )
    total = sum(row["sum"] for row in months)
    assert total == sum(d.amount for d in won)
    answer = ask("revenue", None, actor=HOUSE, by=["owner"])
    assert answer.total.value == total
    assert sum(cell.value or 0 for cell in answer) == total
    rate = ask("win_rate_count", None, actor=HOUSE).total
    assert (rate.num, rate.den) == (len(won), len(closed))

    # history tells of every deal what the deal is now, without a gap
    last = {s.row_id: s for s in DealSpan.objects.filter(to_at__isnull=True)}
    assert all(
        (last[d.pk].outcome, last[d.pk].stage_id, last[d.pk].amount) == (d.outcome, d.stage_id, d.amount) for d in deals
    )
    assert not DealSpan.objects.filter(to_at__lt=F("from_at")).exists()
    told = Fact.objects.filter(name="sales.deal.won").count()
    assert told == len(won)

    # it happened while people were at work: never at midnight, never tomorrow, and deals are not all decided at noon
    zone = ZoneInfo("Asia/Tokyo")
    at = [(f.name, f.at.astimezone(zone)) for f in Fact.objects.exclude(name="activity.attachment.added")]
    started = datetime.now(zone)
    assert all(moment <= started for _name, moment in at)
    odd = [(name, moment) for name, moment in at if not 8 <= moment.hour <= 19]
    assert odd == []
    assert len({m.time() for name, m in at if name == "sales.deal.won"}) > 20

    # next steps: the attention strip has something in each cell, for every seller
    assert differences() == []
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for seller in {d.owner for d in deals}:
        steps = Activity.every.filter(owner=seller, is_next_step=True)
        assert steps.filter(due_at__lt=today).exists()
        assert steps.filter(due_at__gte=today, due_at__date=now.date()).exists()
        mine = [d for d in deals if d.owner == seller and d.outcome == "open"]
        assert any(d.next_step_at is None for d in mine)
        assert any((now - d.stage_since).days > d.stage.standard_days for d in mine)
    assert Mention.objects.filter(read_at__isnull=True).exists()
    assert Attachment.every.count() == 1
    assert Attachment.every.get().file.exists()

    # customers
    assert counts(Company) == 123
    assert counts(Person) == 260
    assert Product.every.count() == 14
    assert 2000 <= counts(Activity) <= 3000
    assert Affiliation.every.filter(to_on__isnull=False).count() >= 10
    numbers = [c.corporate_number for c in Company.every.exclude(corporate_number="")]
    assert all(is_corporate_number(one) for one in numbers)
    assert len(set(numbers)) == len(numbers)
    assert CompanySearch.objects.count() == 123
    twins = Company.every.values("name_key").annotate(n=Count("pk")).filter(n__gt=1)
    assert language == "en" or twins.count() == 3
    assert not Person.every.filter(met_on__gt=now.date()).exists()
    assert not Activity.every.filter(due_at__isnull=True, happened_at__gt=now).exists()
    addresses = [
        *Person.every.exclude(email="").values_list("email", flat=True),
        *User.every.values_list("email", flat=True),
    ]
    assert all(re.search(r"@([\w-]+\.)*example\.(com|jp)$", one) for one in addresses)

    for one in logins():
        user = User.every.get(email=one.email)
        assert user.check_password("a-password-of-the-day")
    client.force_login(User.every.get(email=logins()[2].email))
    assert client.get("/sales/deals/").status_code == 200


def test_the_same_day_tells_the_same_story_and_the_firm_goes_away_whole():
    moment = datetime(2026, 4, 3, 11, tzinfo=ZoneInfo("Asia/Tokyo"))
    told = []
    for _ in range(2):
        build("ja", "a-password-of-the-day", now=moment)
        told.append(list(Deal.every.order_by("id").values_list("title", "amount", "opened_on", "closed_on", "outcome")))
        file = Path(Attachment.every.get().file)
        remove()
        assert is_empty()
        assert not is_demo()
        assert not file.exists()
        assert not Fact.objects.exists()
    assert told[0] == told[1]


def test_both_languages_have_the_same_structure():
    for name in ("teams", "colleagues", "products", "roots", "trades", "forms", "places", "families", "givens", "steps", "posts",
                 "departments", "deal_titles", "sources", "meetings", "competitors", "loss_notes", "mentions", "views"):  # fmt: skip
        assert len(getattr(ja.WORDS, name)) == len(getattr(en.WORDS, name)), name
    assert {k: len(v) for k, v in ja.WORDS.notes.items()} == {k: len(v) for k, v in en.WORDS.notes.items()}
