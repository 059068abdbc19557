"""How long a deal has been in its stage is counted one way, wherever it is told."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.core.access.actor import HOUSE
from noren.sales.models import Deal, DealSpan

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("hour", [time(0), time(23, 59, 59)])
def test_home_board_list_and_page_of_a_deal_count_calendar_days(hour: time) -> None:
    make.firm()
    browser = Client()
    browser.force_login(make.user("admin"))
    User.objects.update(locale="en")
    stage = make.stages()[0]
    deal = make.deal(stage=stage)
    since = datetime.combine(timezone.now().astimezone(HOUSE.zone).date() - timedelta(days=23), hour, HOUSE.zone)
    Deal.system("as if it had long been here").filter(pk=deal.pk).update(stage_since=since)
    DealSpan.objects.filter(row=deal).update(from_at=since)

    def told(address: str) -> str:
        return browser.get(address).content.decode()

    assert f'<span class="late num">23 days<small>/{stage.standard_days}' in told("/")
    assert f"23 days in this stage; the standard is {stage.standard_days}" in told("/sales/deals/?layout=board")
    assert ">23 days</time>" in told("/sales/deals/?columns=title,stage_since")
    assert f"23 of {stage.standard_days} days" in told(f"/sales/deals/{deal.pk}/")


def test_the_list_of_slow_deals_holds_those_that_home_counts_and_speaks_of_no_fixed_day() -> None:
    make.firm()
    browser = Client()
    browser.force_login(make.user("admin"))
    User.objects.update(locale="en")
    stage = make.stages()[0]
    today = timezone.now().astimezone(HOUSE.zone).date()
    for over, title in ((0, "in time"), (1, "a day late")):
        deal = make.deal(title=title, stage=stage)
        day = today - timedelta(days=(stage.standard_days or 0) + over)
        since = datetime.combine(day, time(12), HOUSE.zone)
        Deal.system("as if it had long been here").filter(pk=deal.pk).update(stage_since=since)
        DealSpan.objects.filter(row=deal).update(from_at=since)
    home = browser.get("/").content.decode()
    found = re.search(r'<a href="([^"]+)"[^>]*><b class="num">1</b><span>deals past their', home)
    assert found
    page = browser.get(unescape(found[1])).content.decode()
    assert "a day late" in page
    assert "in time" not in page
    assert f"before the last {(stage.standard_days or 0) + 1} days" in page
    assert str(today.year) not in page.partition('class="chip"')[2].partition("</a></span>")[0]
