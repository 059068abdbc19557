from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.contrib.postgres.fields import array as lookups
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.contacts.models import Company, Person
from noren.core.access.actor import HOUSE, Actor
from noren.core.base.facets import facet, facets_of
from noren.core.filter.condition import BadFilter, F
from noren.core.record.counting import count_and_totals
from noren.core.record.custom import refresh
from noren.core.record.declare import Record, record_of
from noren.core.record.keyset import Key, Place, read_place, write_place
from noren.core.record.listing import choosable, listing, narrowed, neighbors
from noren.core.record.models import FieldDefinition
from noren.core.record.state import State
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


def deals() -> type[Record]:
    return record_of("sales.deal")


def walk(record: type[Record], state: State, actor: Actor = HOUSE) -> tuple[list[int], list[int]]:
    """The ids seen on the way to the end, and on the way back."""
    forward: list[int] = []
    page = listing(record, actor, state)
    while True:
        forward += [line.pk for line in page.lines]
        if not page.next:
            break
        page = listing(record, actor, State(**{**_parts(state), "after": page.next}))
    backward = [line.pk for line in page.lines]
    while page.previous:
        page = listing(record, actor, State(**{**_parts(state), "before": page.previous}))
        backward = [line.pk for line in page.lines] + backward
    return forward, backward


def _parts(state: State) -> dict[str, object]:
    return {"where": state.where, "sort": state.sort, "size": state.size, "columns": state.columns, "find": state.find}


def many_deals() -> None:
    company = make.company(legal_name="甲")
    for n in range(13):
        make.deal(
            title=f"T{n % 4}", amount=None if n % 3 == 0 else n % 5, company=company if n % 2 else None,
            close_by=None if n % 4 == 0 else date(2026, 12, 1) + timedelta(days=n % 3),
        )  # fmt: skip


def test_walking_there_and_back_meets_every_row_once() -> None:
    many_deals()
    every = sorted(Deal.every.values_list("pk", flat=True))
    for one, desc in product(choosable(deals(), HOUSE), (False, True)):
        forward, backward = walk(deals(), State(sort=((one.name, desc),), size=4))
        assert sorted(forward) == every, (one.name, desc)
        assert forward == backward, (one.name, desc)


def test_two_keys_walk_as_well() -> None:
    many_deals()
    for first, second in product(("amount", "-amount", "close_by", "-close_by"), ("title", "-company")):
        state = State.read(QueryDict(f"sort={first},{second}"))
        forward, backward = walk(deals(), State(sort=state.sort, size=3))
        assert len(set(forward)) == 13, (first, second)
        assert forward == backward, (first, second)


def test_empty_values_come_last_either_way() -> None:
    many_deals()
    for desc in (False, True):
        page = listing(deals(), HOUSE, State(sort=(("amount", desc),), columns=("amount",)))
        values = [line.values[page.columns[1].at] for line in page.lines]
        filled = [v for v in values if v is not None]
        assert values == sorted(filled, reverse=desc) + [None] * values.count(None), desc


def test_a_place_survives_the_address_and_a_made_up_one_starts_at_the_top() -> None:
    keys = [Key("close_by", null=True, kind="date"), Key("title")]
    place = Place((date(2026, 4, 1), "㈱山田"), 7, 50)
    assert read_place(write_place(place), keys) == place
    assert read_place("nonsense", keys) is None
    assert read_place(write_place(Place(("x",), 7)), keys) is None
    assert read_place(write_place(Place((None, None), 7)), keys) is None  # a title is never empty


def test_pages_tell_their_place_and_the_whole_count() -> None:
    many_deals()
    first = listing(deals(), HOUSE, State(size=5))
    second = listing(deals(), HOUSE, State(size=5, after=first.next))
    assert (first.first_number, first.count, bool(first.previous)) == (1, 13, False)
    assert (second.first_number, second.count, bool(second.previous)) == (6, 13, True)
    back = listing(deals(), HOUSE, State(size=5, before=second.previous))
    assert [line.pk for line in back.lines] == [line.pk for line in first.lines]
    assert back.first_number == 1


def test_totals_are_of_the_filter_not_of_the_page() -> None:
    for amount in (100, 200, None, 400):
        make.deal(amount=amount)
    page = listing(deals(), HOUSE, State(where=F(amount__gte=200), size=50))
    assert page.totals == {"amount": 600}
    assert page.count == 2


def test_more_than_the_limit_is_not_counted_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noren.core.record.counting.MOST", 5)
    many_deals()
    assert listing(deals(), HOUSE, State(size=5)).count is None
    exact = listing(deals(), HOUSE, State(size=5, exact=True))
    assert exact.count == 13
    assert "amount" in exact.totals


def test_the_number_of_queries_does_not_depend_on_the_rows() -> None:
    reader = make.actor("sales")
    make.deal(by=reader, company=make.company())

    def queries() -> int:
        found = []
        for _look in range(3):
            with CaptureQueriesContext(connection) as seen:
                listing(deals(), reader, State())
            found.append(len(seen))
        return min(found)

    few = queries()
    for _n in range(29):
        make.deal(by=reader, company=make.company(), person=make.person())
    assert queries() == few <= 2


def test_hidden_fields_are_neither_shown_sorted_nor_filtered() -> None:
    support = make.actor("support")
    make.company(annual_revenue=5, email="a@example.jp")
    companies = record_of("contacts.company")
    page = listing(companies, support, State(columns=("annual_revenue", "industry"), sort=(("annual_revenue", True),)))
    assert [c.field.name for c in page.columns] == ["legal_name", "industry"]
    assert page.sort == (("updated_at", True),)
    with pytest.raises(BadFilter):
        listing(companies, support, State(where=F(annual_revenue__gte=1)))


def test_rows_of_other_teams_do_not_exist_and_their_names_stay_unsaid() -> None:
    mine = make.actor("sales", team=make.team())
    foreign = make.deal(by=make.actor("sales", team=make.team()))
    own = make.deal(by=mine)
    assert [line.pk for line in listing(deals(), mine, State()).lines] == [own.pk]
    lines = record_of("sales.dealline")
    assert listing(lines, mine, State()).lines == []
    assert foreign.pk != own.pk


def test_a_condition_on_lines_shows_a_deal_once() -> None:
    from noren.sales.actions.deal import Line, put_lines

    product = make.product()
    deal = make.deal()
    put_lines(deal, [Line(product.pk, "", Decimal(n), Decimal(10), None) for n in (1, 2)])
    page = listing(deals(), HOUSE, State(where=F(lines__product=product.pk)))
    assert [line.pk for line in page.lines] == [deal.pk]


def test_names_sort_by_their_reading_and_the_bar_jumps() -> None:
    for name, kana in (("山田", "ヤマダ"), ("青木", "アオキ"), ("佐藤", "サトウ"), ("名無し", "")):
        make.person(family_name=name, family_kana=kana)
    people = record_of("contacts.person")
    state = State(sort=(("full_name", False),))
    page = listing(people, HOUSE, state)
    assert [line.values[page.title.at] for line in page.lines] == ["青木", "佐藤", "山田", "名無し"]
    jumped = listing(people, HOUSE, state, jump="さ")
    assert [line.values[jumped.title.at] for line in jumped.lines] == ["佐藤", "山田", "名無し"]
    assert jumped.previous


def test_custom_fields_are_columns_and_sort_keys() -> None:
    FieldDefinition(noun="sales.deal", key="region", label_ja="地域", kind="number", in_list=True).save()
    refresh()
    for number in (10, 9, None):
        make.deal(**({"extra.region": number} if number is not None else {}))
    page = listing(deals(), HOUSE, State(sort=(("extra.region", False),), columns=("extra.region",)))
    assert [(line.values[page.columns[1].at] or {}).get("region") for line in page.lines] == [9, 10, None]


def test_neighbors_follow_the_order_of_the_list() -> None:
    for name in ("a", "b", "c"):
        make.company(legal_name=name)
    companies, state = record_of("contacts.company"), State(sort=(("industry", False), ("legal_name", False)))
    rows = list(Company.every.order_by("legal_name"))
    assert neighbors(companies, HOUSE, state, rows[1]) == (rows[0].pk, rows[2].pk)
    assert neighbors(companies, HOUSE, state, rows[0]) == (None, rows[1].pk)


def test_find_narrows_the_list() -> None:
    make.person(family_name="田中", family_kana="タナカ")
    make.person(family_name="山田")
    page = listing(record_of("contacts.person"), HOUSE, State(find="たなか"))
    assert [Person.every.get(pk=line.pk).family_name for line in page.lines] == ["田中"]


@pytest.mark.parametrize(
    "query", ["q={", "q=[1]", "amount__gte=x", "nosuch=1", "stage=abc", "after=%00", "sort=extra.x,--a", "size=9999999"]
)
def test_strange_addresses_never_break_a_list(query: str) -> None:
    make.deal()
    state = State.read(QueryDict(query))
    try:
        listing(deals(), HOUSE, state)
    except BadFilter:
        pass


def test_the_state_is_its_address() -> None:
    query = "amount__gte=1000&owner=%40me&find=%E7%94%B0%E4%B8%AD&sort=-amount%2Ctitle&columns=stage%2Camount&size=100&view=s1"
    state = State.read(QueryDict(query))
    again = QueryDict(mutable=True)
    for name, value in state.pairs():
        again.appendlist(name, value)
    assert State.read(again) == state
    assert state.sort == (("amount", True), ("title", False))


def test_relative_days_are_read_for_the_person() -> None:
    make.deal(close_by=timezone.localdate())
    make.deal(close_by=date(2020, 1, 1))
    assert listing(deals(), HOUSE, State(where=F(close_by__on="@today"))).count == 1


# -- large tables ------------------------------------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any table counts as large."""
    monkeypatch.setattr("noren.core.record.counting.HUGE", -1)
    monkeypatch.setattr("noren.core.record.counting._sizes", {})


FILTERS = (
    {"outcome": "open"}, {"outcome": ("won", "lost")}, {"outcome": "open", "owner": "@me"}, {"owner": "@my_team"},
    {"outcome": "open", "amount__gte": 3}, {"outcome": "won", "source": "nobody"}, {"source": "it's, \"so\""}, {"outcome__not": "open"},
    {"owner__reports_to": "@me"}, {"owner__reports_to": 10**9}, {"owner__reports_to": "@me", "outcome": "open"},
)  # fmt: skip


@pytest.mark.parametrize("few", [2000, 2])
@pytest.mark.parametrize("at", range(len(FILTERS)))
def test_rows_of_a_large_table_found_first_are_those_of_the_filter(
    large: None, monkeypatch: pytest.MonkeyPatch, at: int, few: int
) -> None:
    me = make.user("sales")
    User.every.filter(pk=me.pk).update(reports_to=me)
    for n, outcome in enumerate(("open", "won", "lost", "open", "open", "won")):
        closed = {} if outcome == "open" else {"opened_on": date(2026, 1, 1), "closed_on": date(2026, 1, 1 + n)}
        make.deal(
            owner=me if n % 2 else None, amount=n, outcome=outcome, source='it\'s, "so"' if n > 3 else "", **closed
        )
    gone = make.deal(owner=me, amount=9)
    gone.removed_at = timezone.now()
    gone.save()
    monkeypatch.setattr("noren.core.record.narrow.FEW", few)
    actor = replace(User.objects.get(pk=me.pk).actor(), is_admin=True)
    where = F(**FILTERS[at])
    record = record_of(Deal)
    want = list(narrowed(record, actor, State(where=where)).order_by("-amount", "-pk").values_list("pk", flat=True))

    made = listing(record, actor, State(where=where, sort=(("amount", True),)))

    assert [line.pk for line in made.lines] == want
    assert made.count == len(want)
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_seqscan")
        assert cursor.fetchone() == ("on",)


@pytest.mark.parametrize("make_one", [make.company, make.person, make.deal])
def test_the_facets_are_asked_of_their_index(make_one: Any) -> None:
    one = make_one()
    model = type(one)
    fields = {
        f.attname: getattr(one, f.attname) for f in model._meta.concrete_fields if f.name not in ("id", "external_id")
    }
    model.every.bulk_create([model(**fields) for _n in range(400)])
    asked = model.every.filter(
        lookups.ArrayContains(facets_of(*model.facets), [facet(model.facets[0], "x")]), removed_at__isnull=True
    )
    with connection.cursor() as cursor:
        # What was just written waits beside the index, which makes it look dear until it is put in.
        cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [f"{model._meta.model_name}_facets"])
        cursor.execute(
            f"ANALYZE {model._meta.db_table}; SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"
        )
    assert f"{model._meta.model_name}_facets" in asked.order_by().explain()


def test_a_count_that_takes_long_is_left_out_and_said_to_be_at_least_what_is_seen(large: None) -> None:
    for n in range(3):
        make.deal(amount=n)
    actor = replace(HOUSE, user_id=1)
    slow = Deal.every.extra(where=["pg_sleep(0.2) IS NOT NULL"])
    state = State(where=F(outcome="open"))

    assert count_and_totals(record_of(Deal), actor, slow, [], state, None) == (None, {}, False)
    assert count_and_totals(record_of(Deal), actor, slow, [], replace(state, exact=True), None) == (3, {}, False)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("15s",)
