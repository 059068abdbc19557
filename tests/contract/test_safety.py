"""Holes known from other CRMs, looked for on every address: foreign columns, injected SQL, forged forms, caches, logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from noren.accounts.models import User
from noren.core.metric.declare import METRICS
from noren.core.record.declare import Record
from tests import make
from tests.contract import routes
from tests.contract.calls import Program
from tests.contract.test_matrix import FULL, _said
from tests.contract.world import World, digest

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


@pytest.fixture
def world() -> World:
    return World("admin")


def browser(world: World, **options: Any) -> Client:
    client = Client(raise_request_exception=False, **options)
    client.force_login(User.objects.get(pk=world.me.pk))
    client.get("/health")  # the first request of a session notes it
    return client


# -- foreign columns and secrets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", routes.records(), ids=lambda r: r.word())
def test_no_column_but_those_of_the_form_can_be_set(record: type[Record]) -> None:
    """Even by an administrator: what is not in the form is refused by name, for a new row and for an old one."""
    api = Program.of(make.user("admin"))
    row = World("nobody", [record.model]).rows[record.word(), "foreign"]
    names = {f.name for f in record.model._meta.get_fields()} | {f.attname for f in record.model._meta.concrete_fields}
    names |= {"is_staff", "is_superuser", "tenant", "user_id", "extra.x", "__class__", "pk", "is_admin", "roles"}
    foreign = names - set(record.form_names()) - {"version"}
    api.get("me")  # the use of the key is noted now, not again within a minute
    before = digest()
    for method, url in (("POST", ""), ("PATCH", f"/{row.pk}")):
        for sent in (dict.fromkeys(sorted(foreign), 1), {min(foreign): 1}):
            status, body = api._told(api.send(method, f"{record.module()}/{record.plural()}{url}", sent))
            assert status == (422 if record.form else 405), (method, sent)
            assert not record.form or sent.keys() <= body["errors"].keys(), (
                method,
                sent.keys() - body["errors"].keys(),
            )
    assert digest() == before


SECRETS = ("password", "digest", "secret", "token", "seed", "sealed", "key_hash")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address gave an administrator. changed: whether any table did, by this or one of those read just before."""

    url: str
    status: int
    head: Any
    said: str
    changed: bool


@pytest.fixture(scope="module")
def answers(_firm: None) -> list[Answer]:
    """Every address read once, with a canary in every column whose name sounds like a secret."""
    found: list[Answer] = []
    with transaction.atomic():
        world = World("admin")
        assert _hide_canaries() > 10
        # the two ways in were sealed over: open them again
        client, api = browser(world), Program.of(world.me)
        api.get("me")
        urls = sorted(addresses(world), key=lambda url: url.startswith(WAYS_IN))
        before = digest()
        for at, url in enumerate(urls, start=1):
            response = api.send("GET", url) if url.startswith("/api/") else client.get(url)
            changed = (at % 25 == 0 or url == urls[-1] or urls[at].startswith(WAYS_IN)) and digest() != before
            found.append(Answer(url, response.status_code, response.headers, _said(response), changed))
        transaction.set_rollback(True)
    return found


WAYS_IN = ("/link/", "/login/", "/again/", "/settings/security/", "/ready")
"""They note tries and make challenges; and no worker runs here."""


def _hide_canaries() -> int:
    planted = 0
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("django_", "procrastinate")):
                continue
            for column in connection.introspection.get_table_description(cursor, table):
                if any(word in column.name for word in SECRETS) and column.type_code in (25, 1043):
                    cursor.execute(
                        f'UPDATE "{table}" SET "{column.name}" = left(\'5ecre7\' || md5(random()::text), 64)'
                    )
                    planted += cursor.rowcount
    return planted


def test_secrets_are_told_nowhere(answers: list[Answer]) -> None:
    assert [answer.url for answer in answers if "5ecre7" in answer.said] == []


def _some(urls: Iterator[str]) -> list[str]:
    """All of them in the full run; else every address that is not generic, and those of three nouns."""
    usual = ("sales/deals", "contacts/people", "access/roles")
    found = list(urls)
    nouns = {f"{r.module()}/{r.plural()}" for r in routes.records()}
    return [u for u in found if FULL or not any(n in u for n in nouns) or any(n in u for n in usual)]


def addresses(world: World) -> Iterator[str]:
    """Every address that can be read, generic ones once per noun."""
    for route in routes.routes():
        if "logout" in route.pattern or route.kind == "api nothing":
            continue
        if route.kind in ("api record", "noun page", "row page"):
            for record in routes.records():
                yield route.url(record, world.rows[record.word(), "own"].pk)
        else:
            yield route.url()


# -- injected SQL --------------------------------------------------------------------------------------------------------

PAYLOADS = (
    "'", '"', "';--", "1;SELECT pg_sleep(9)", "1 OR 1=1", "') OR ('1'='1", "id; DROP TABLE sales_deal", "-id'--", "title,(SELECT 1)",
    "%27", "%", "_", "\\", "\\'", "$$", "$1", "%s", "%(x)s", "{0}", "{{7*7}}", "NULL", "null", "undefined", "NaN", "-1", "1e309",
    "99999999999999999999", "9" * 400, "1.5", "0x1", "true", "[]", "{}", "@me", "@my_team", "@this_quarter", "@nothing", "@",
    "0000-00-00", "9999-12-31", "0001-01-01", "2026-02-30", "2026-11", "\u0661\u0662", "名前", "🙂", "\ufeff", "\u202e", " ", "\t", "\r\nX: y",
    "password", "owner__password", "owner__api_keys__digest", "company__deals__title", "extra__a", "extra.a'b", "extra.a", "id__in",
    "title__regex", "title__contains", "pk", "_key0", "spans", "search_entry", "search_entry__q", "created_at__date__year", "?", "*", "--",
    "../../etc/passwd", "<script>", "a" * 3000, "created_at::text", "(CASE WHEN 1=1 THEN id END)", "RANDOM()", "\x00", "a\x00b", 'title COLLATE "C"',
)  # fmt: skip
DEEP = (
    '{"all": [' * 5 + "]}" * 5, '["title"]', '["title","is",{"a":1}]', '["title","in",[[1]]]', '["amount","gte",null]',
    '["owner__password","has","a"]', '[["title"],"is",1]', '["title","sql","x"]', '{"not":{"not":["id","is","x"]}}', '["id","in",[]]',
    '["close_by","on",{"x":1}]', '["close_by","on",[1]]', '["amount","in",["a"]]', '["stage","is",[1,2]]', '{"any":[]}', "[", "5", '"x"',
    '["title","has","\\u0000"]', '["title","has","\\ud800"]', '["title","is",1e400]', '["amount","is",1e400]', '["id","is",-1e30]',
    '["amount","gte",' + "9" * 300 + "]", '["is_default","is",{}]', '["happened_at","lt","9999-12-31"]',
)  # fmt: skip


@contextmanager
def no_bad_sql() -> Iterator[None]:
    """Fails when a statement was sent that PostgreSQL could not parse or understand."""
    faults: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        try:
            return execute(sql, params, many, context)
        except Exception as fault:
            faults.append(f"{type(fault).__name__}: {fault} in {sql[:300]}")
            raise

    with connection.execute_wrapper(watch):
        yield
    assert not faults, faults[:3]


LISTS = (
    "sales/deals",
    "contacts/companies",
    "contacts/people",
    "activity/activities",
    "sales/stages",
    "accounts/users",
)


@pytest.mark.parametrize("path", LISTS if FULL else LISTS[::3])
def test_no_parameter_of_a_list_becomes_sql(path: str) -> None:
    make.deal(company=make.company(), amount=5)
    make.person()
    user = make.user("manager")
    api, page = Program.of(user), Client(raise_request_exception=False)
    page.force_login(user)
    record = next(r for r in routes.records() if f"{r.module()}/{r.plural()}" == path)
    kinds = {record.field(name).kind: name for name in record.filters}
    names = [
        "sort",
        "fields",
        "find",
        "limit",
        "cursor",
        "removed",
        "columns",
        "after",
        "before",
        "size",
        "view",
        "layout",
        "jump",
        "page",
    ]
    names += [
        f"{name}{op}" for name in kinds.values() for op in ("", "__gte", "__has", "__in", "__not", "__on", "__empty")
    ]
    with no_bad_sql():
        for at, payload in enumerate(PAYLOADS):
            for name in names if FULL else names[at % 18 :: 18]:
                _harmless(api.send("GET", path, params={name: payload}), name, payload)
            _harmless(api.send("GET", path, params={payload: "1"}), payload, "1")
            for name in names if FULL else names[at % 36 :: 36]:
                _harmless(page.get(f"/{path}/", {name: payload}), name, payload)
        for payload in DEEP:
            _harmless(api.send("GET", path, params={"q": payload}), "q", payload)
            _harmless(page.get(f"/{path}/", {"q": payload}), "q", payload)


def test_no_parameter_of_a_number_becomes_sql() -> None:
    make.deal(amount=5)
    api = Program.of(make.user("manager"))
    names = ["period", "by", "grain", "basis", "as_of", "known_on", "compare", "stage", "amount__gte", "owner", "q"]
    with no_bad_sql():
        for at, payload in enumerate((*PAYLOADS, *DEEP)):
            metric = sorted(METRICS)[at % len(METRICS)]
            for name in names:
                _harmless(api.send("GET", f"metrics/{metric}", params={name: payload}), name, payload)
            _harmless(
                api.send("GET", f"metrics/{metric}/rows", params={names[at % len(names)]: payload, "part": "top"}),
                "rows",
                payload,
            )


def test_a_number_is_told_of_the_ends_of_time() -> None:
    make.deal(amount=5)
    api = Program.of(make.user("manager"))
    days = ("9999-12-31", "0001-01-01", "0001-01-01..9999-12-30", "0001-01-02..9999-12-31")
    for metric in sorted(METRICS):
        for day in days:
            _harmless(api.send("GET", f"metrics/{metric}", params={"period": day}), metric, day)
            _harmless(api.send("GET", f"metrics/{metric}/rows", params={"period": day}), metric, day)
        _harmless(api.send("GET", f"metrics/{metric}", params={"as_of": days[0]}), metric, days[0])
        _harmless(api.send("GET", f"metrics/{metric}", params={"period": days[0], "grain": "week"}), metric, days[0])


def test_no_word_looked_for_becomes_sql() -> None:
    make.company()
    user = make.user("manager")
    api = Program.of(user)
    with no_bad_sql():
        for payload in (*PAYLOADS, *DEEP):
            _harmless(api.send("GET", "search", params={"q": payload}), "q", payload)


def _harmless(response: Any, name: str, payload: str) -> None:
    assert response.status_code < 500, (
        f"{response.request['PATH_INFO']} with {name[:60]!r}={payload[:60]!r} gave {response.status_code}"
    )


# -- forged forms, reading that writes, caches ---------------------------------------------------------------------------


def test_nothing_is_changed_without_the_token_of_the_form(world: World) -> None:
    client = browser(world, enforce_csrf_checks=True)
    before = digest()
    for url in _some(addresses(world)):
        if url.startswith(("/link/", "/health", "/ready")):
            continue
        for method in ("post", "put", "patch", "delete"):
            response = getattr(client, method)(
                url, "{}" if url.startswith("/api/") else "a=b", content_type="application/json"
            )
            assert response.status_code in (401, 403, 404, 405), f"{method} {url} gave {response.status_code}"
    assert digest() == before


def test_reading_never_writes(answers: list[Answer], world: World) -> None:
    for answer in answers:
        if not answer.url.startswith(WAYS_IN):
            assert answer.status < 500, f"{answer.url} gave {answer.status}"
            assert not answer.changed, f"something was changed by GET {answer.url} or one of the 24 before it"
    client = browser(world)
    before = digest()
    urls = [url for url in _some(addresses(world)) if not url.startswith(WAYS_IN)]
    for at, url in enumerate(urls, start=1):
        response = client.head(url)
        assert response.status_code < 500, f"{url} gave {response.status_code}"
        if at % 25 == 0 or at == len(urls):
            assert digest() == before, f"something was changed by HEAD {url} or one of the 24 before it"


def test_nothing_seen_by_somebody_stays_in_a_cache(answers: list[Answer]) -> None:
    for answer in answers:
        url, head = answer.url, answer.head
        assert "no-store" in head.get("Cache-Control", ""), f"{url} ({answer.status}) may be cached"
        assert head["X-Content-Type-Options"] == "nosniff", url
        policy = head["Content-Security-Policy"]
        assert "default-src 'none'" in policy, url
        assert "unsafe-" not in policy, url
        if url.startswith("/api/v1"):
            assert head["Content-Type"].startswith("application/json"), url


# -- logs --------------------------------------------------------------------------------------------------------------


def test_one_event_is_one_line_of_the_log_and_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    user = make.user("admin")
    api = Program.of(user)
    secret = api.head["Authorization"].removeprefix("Bearer ")
    with caplog.at_level(logging.DEBUG):
        api.send("GET", "/api/v1/x%0aFORGED%20line/%1b[31m")
        api.send("GET", "sales/deals", params={"sort": "a\r\nFORGED line"})
        api.send("POST", "catalog/products", {"name": "a\r\nFORGED line"})
        Program("nrn_wrong" + "x" * 30).get("me")
    lines = [logging.Formatter("%(levelname)s %(message)s").format(record) for record in caplog.records]

    assert not [line for line in lines if "\n" in line and "FORGED" in line]
    assert not [line for line in lines if "\x1b" in line]
    assert not [line for line in lines if secret in line or "nrn_wrong" in line]


# -- digits that are no numbers ----------------------------------------------------------------------------------------

ODD = ("²", "①", "٣", "九", "9" * 30, "-1", "1_000", "1e3", "0x1")


@pytest.mark.parametrize("odd", ODD)
def test_odd_digits_where_an_id_is_meant_are_no_fault_of_ours(odd: str) -> None:
    deal = make.deal(company=make.company())
    user = make.user("admin")
    page = Client(raise_request_exception=False)
    page.force_login(user)
    for path in (
        "/sales/deals/?company={}", "/sales/deals/?layout=board&pipeline={}", "/sales/deals/filter/?company={}", "/sales/deals/new/?company={}",
        "/sales/deals/views/save/?view={}", "/sales/deals/?view={}", "/metrics/open_deals/rows/?page={}", "/settings/audit/?who={}", "/settings/audit/?to=9999-12-31&from={}",
        "/settings/people/?who={}&row={}", "/settings/people/?role={}", "/activity/log/?to=sales.deal:{}", "/activity/steps/new/?about=sales.deal:{}",
        "/activity/inbox/?page={}", "/sales/deals/?page={}&size={}", "/metrics/open_deals/?company={}", "/search/?q={}", "/?owner={}", "/?team={}",
        "/sales/deals/forecast/?owner={}", "/activity/today/?day={}",
    ):  # fmt: skip
        _harmless(page.get(path.replace("{}", odd)), path, odd)
    for path, sent in (
        (f"/sales/deals/{deal.pk}/lines/", {"product": odd, "quantity": odd, "press": f"drop-{odd}"}),
        ("/sales/deals/bulk/", {"verb": "remove", "id": odd}),
        ("/sales/deals/move/", {"id": odd, "stage": odd, "version": odd, "position": odd}),
        ("/sales/deals/move/", {"id": str(deal.pk), "stage": odd, "version": odd, "position": odd}),
        (f"/sales/deals/{deal.pk}/edit/", {"company": odd, "title": "x", "version": odd}),
        (f"/sales/deals/{deal.pk}/field/company/", {"company": odd, "version": odd}),
        ("/sales/deals/views/save/", {"name": "x", "view": odd, "over": odd}),
        ("/activity/inbox/read/", {"id": odd}),
        ("/activity/log/", {"who": f"sales.deal:{odd}", "text": "x"}),
        (f"/share/sales.deal/{deal.pk}/", {"user": f"u{odd}"}),
        ("/activity/undo/", {"id": odd}),
    ):  # fmt: skip
        _harmless(page.post(path, sent), path, odd)


NUL = "a\x00b"
FORMS = (
    ("/settings/roles/add/", {"name": NUL}), ("/settings/teams/", {"name": NUL}), ("/settings/keys/add/", {"name": NUL, "scope": "read"}),
    ("/settings/fields/add/", {"noun": "sales.deal", "kind": "text", "label_ja": NUL, "key": NUL, "group": "public"}),
    ("/settings/firm/", {"name": NUL, "fiscal_start_month": "4"}), ("/settings/people/invite/", {"name": NUL, "email": NUL}),
    ("/settings/pipelines/", {"what": "reason", "name": NUL}), ("/sales/deals/views/save/", {"name": NUL}),
    ("/login/forgotten/", {"email": NUL}), ("/activity/log/", {"text": NUL}), ("/activity/read/", {"text": NUL}),
)  # fmt: skip
PAGES = ("/settings/audit/?noun={}&event={}&door={}", "/settings/people/?who={}&what={}&role={}", "/search/?q={}", "/palette/?q={}",
         "/sales/deals/?find={}", "/sales/deals/options/company/?q={}", "/link/{}/", "/imports/sample/{}.csv")  # fmt: skip


def test_the_one_character_that_cannot_be_stored_is_no_fault_of_ours(world: World) -> None:
    client = browser(world)
    for path, sent in FORMS:
        _harmless(client.post(path, sent), path, str(sent))
    for path in PAGES:
        _harmless(client.get(path.replace("{}", "%00").replace("who=%00", f"who={world.me.pk}")), path, "NUL")


@pytest.mark.parametrize(
    "filtered", ["q={", 'q=["nothing","is","1"]', 'q={"all":1}', "no_such_field=1", "title__has=%00"]
)
def test_a_filter_that_cannot_be_read_never_means_all_rows(filtered: str) -> None:
    deal = make.deal()
    page = Client(raise_request_exception=False)
    page.force_login(make.user("admin"))
    for verb in ("remove", "act-win"):
        response = page.post(f"/sales/deals/bulk/?{filtered}", {"verb": verb, "all": "1", "go": "1"})
        assert response.status_code == 422
    assert page.get(f"/sales/deals/export/?{filtered}").status_code == 422
    assert page.get(f"/sales/deals/?layout=board&{filtered}").status_code == 422
    deal.refresh_from_db()
    assert deal.removed_at is None
    assert deal.outcome == "open"
