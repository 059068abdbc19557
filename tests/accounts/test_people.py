"""Rights and people: who may change them, and what stays true whatever is changed."""

from __future__ import annotations

import re
import shutil
import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateWorker
from tests import make
from tests.accounts.conftest import PASSWORD, log_in

from noren.accounts.actions.keys import issue_key, revoke_key
from noren.accounts.actions.people import deactivate_user, invite, set_roles
from noren.accounts.actions.rights import change_firm, change_rights, end_share, share_row
from noren.accounts.models import ApiKey, User
from noren.accounts.queries.holdings import holdings
from noren.accounts.queries.why import why
from noren.core.access.actor import HOUSE
from noren.core.access.models import Role, Share, Team
from noren.core.access.scope import visible
from noren.core.action.plain import change, remove
from noren.core.base.errors import Forbidden, Invalid, NotFound, NotNow
from noren.core.event.models import Fact
from noren.core.page import standing
from noren.core.record.declare import record_of
from noren.core.record.export import export_parts
from noren.core.record.state import State
from noren.sales.actions.deal import Line, set_lines, win_deal
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db


def stale(client: Client) -> None:
    session = client.session
    session["account_authentication_methods"] = [
        r | {"at": time.time() - 1000} for r in session["account_authentication_methods"]
    ]
    session.save()


# -- the last administrator ------------------------------------------------------------------------------------------


def test_the_last_administrator_stays(admin: User) -> None:
    by = admin.actor()
    with pytest.raises(NotNow):
        set_roles(admin, [], by=by)
    with pytest.raises(NotNow):
        deactivate_user(admin, by=by)
    with pytest.raises(NotNow):
        remove(admin, by=by)
    admin = User.objects.get(pk=admin.pk)
    assert admin.is_active
    assert admin.removed_at is None
    assert admin.actor().is_admin


def test_a_second_administrator_may_replace_the_first(admin: User) -> None:
    other = make.user("admin")
    deactivate_user(admin, by=other.actor())
    assert not User.objects.get(pk=admin.pk).is_active
    with pytest.raises(NotNow):
        set_roles(other, [], by=other.actor())


def test_nobody_makes_themselves_administrator(admin: User, aiko: User) -> None:
    role = Role.every.get(key="admin")
    with pytest.raises(Forbidden):
        set_roles(aiko, [role.pk], by=aiko.actor())
    with pytest.raises(Forbidden):
        change_rights(Role.every.get(key="sales"), {"sales.deal.view": "all"}, {}, by=aiko.actor())
    client = log_in(aiko)
    for path, body in (
        ("/settings/people/", None), ("/settings/audit/", None), ("/settings/audit.csv", None), ("/settings/jobs/", None), ("/settings/firm/", None),
        (f"/settings/people/{aiko.pk}/", {"roles": [role.pk], "name": "x"}), (f"/settings/roles/{role.pk}/", {"r:sales.deal.view": "all"}),
        (f"/settings/people/{admin.pk}/deactivate/", {}), (f"/settings/people/{admin.pk}/link/", {}), ("/settings/fields/", None),
        ("/settings/teams/", {"name": "x"}), ("/settings/firm/", {"name": "x"}), ("/settings/roles/add/", {"name": "x"}),
    ):  # fmt: skip
        answer = client.get(path) if body is None else client.post(path, body)
        assert answer.status_code == 403, path
    assert not User.objects.get(pk=aiko.pk).actor().is_admin


def test_a_user_cannot_be_promoted_through_the_plain_form(admin: User) -> None:
    from noren.core.record.declare import record_of

    names = record_of("accounts.user").form_names()
    assert not {"roles", "is_active", "password", "last_login"} & set(names)


def test_a_contact_never_touches_a_log_in(admin: User, aiko: User) -> None:
    person = make.person(email="aiko@example.jp")
    change(person, {"email": "evil@example.jp"}, by=admin.actor())
    assert User.objects.get(pk=aiko.pk).email == "aiko@example.jp"
    assert log_in(aiko).get("/settings/profile/").status_code == 200


def test_changing_rights_asks_who_you_are_when_the_proof_is_old(admin: User) -> None:
    role = Role.every.get(key="sales")
    client = log_in(admin)
    stale(client)
    answer = client.post(f"/settings/roles/{role.pk}/", {"r:sales.deal.export": "none"})
    assert answer["Location"].startswith("/again/")
    assert Role.every.get(pk=role.pk).rights["sales.deal.export"] == "own"
    answer = client.post(answer["Location"], {"password": PASSWORD})
    assert answer.status_code == 302
    assert Role.every.get(pk=role.pk).rights.get("sales.deal.export", "none") == "none"


def test_a_change_of_rights_is_told_from_what_to_what_and_holds_at_once(admin: User, aiko: User) -> None:
    role = Role.every.get(key="sales")
    assert aiko.actor().level("sales.deal", "remove").name == "OWN"
    log_in(admin).post(f"/settings/roles/{role.pk}/", {"r:sales.deal.remove": "none", "g:secret": "read"})
    assert User.objects.get(pk=aiko.pk).actor().level("sales.deal", "remove").name == "NONE"
    fact = Fact.objects.get(name="access.role.rights_changed")
    assert fact.changes == {"sales.deal.remove": ["own", "none"], "group.secret": ["hidden", "read"]}
    assert fact.by_id == admin.pk
    assert fact.payload["people"] == 1


def test_unknown_levels_and_rights_are_refused(admin: User) -> None:
    role = Role.every.get(key="sales")
    client = log_in(admin)
    for body in ({"r:sales.deal.view": "everything"}, {"r:accounts.user.edit": "all"}, {"g:money": "own"}):
        assert client.post(f"/settings/roles/{role.pk}/", body).status_code == 422
    assert Role.every.get(pk=role.pk).rights == role.rights


def test_saving_the_matrix_unchanged_changes_nothing(admin: User) -> None:
    import re

    client = log_in(admin)
    for role in Role.every.filter(is_admin=False):
        page = client.get(f"/settings/people/?role={role.pk}").content.decode()
        body = {}
        for name, inside in re.findall(r'<select[^>]* name="([rg]:[^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
            chosen = re.search(r'<option value="(\w+)" selected', inside)
            assert chosen, name
            body[name] = chosen[1]
        assert len(body) > 30
        client.post(f"/settings/roles/{role.pk}/", body)
        assert Role.every.get(pk=role.pk).rights == role.rights
    assert not Fact.objects.filter(name="access.role.rights_changed").exists()


def test_a_role_is_added_renamed_and_put_away_when_nobody_holds_it(admin: User, aiko: User) -> None:
    client = log_in(admin)
    sales = Role.every.get(key="sales")
    answer = client.post("/settings/roles/add/", {"name": "代理店", "like": sales.pk})
    made = Role.every.get(name="代理店")
    assert answer["Location"].endswith(f"role={made.pk}#role")
    assert made.rights == sales.rights
    assert client.post("/settings/roles/add/", {"name": "代理店"}).status_code == 422
    client.post(f"/settings/roles/{made.pk}/do/", {"name": "パートナー"})
    set_roles(aiko, [made.pk], by=admin.actor())
    assert client.post(f"/settings/roles/{made.pk}/do/", {"do": "remove"}).status_code == 409
    set_roles(aiko, [sales.pk], by=admin.actor())
    assert client.post(f"/settings/roles/{made.pk}/do/", {"do": "remove"}).status_code == 302
    assert Role.every.get(pk=made.pk).removed_at is not None
    with pytest.raises(NotNow):
        remove(Role.every.get(key="admin"), by=admin.actor())


# -- shares and the explainer ------------------------------------------------------------------------------------------


def test_a_share_opens_one_record_until_its_day(admin: User, aiko: User) -> None:
    ken = make.user("sales", "田中 健")
    deal, other = make.deal(by=aiko.actor()), make.deal(by=aiko.actor())
    assert not visible(Deal, ken.actor()).filter(pk=deal.pk).exists()
    share = share_row("sales.deal", deal.pk, by=aiko.actor(), user=ken.pk, until=timezone.now() + timedelta(days=1))
    ken = User.objects.get(pk=ken.pk)
    assert list(visible(Deal, ken.actor())) == [deal]
    assert not visible(Deal, ken.actor(), "edit").exists()
    told = why(ken, deal)
    assert told.verdicts == {"view": True, "edit": False, "export": False}
    assert told.ways
    with pytest.raises((Forbidden, NotFound)):
        share_row("sales.deal", other.pk, by=ken.actor(), user=ken.pk)
    Share.objects.filter(pk=share.pk).update(until=timezone.now() - timedelta(seconds=1))
    assert not visible(Deal, ken.actor()).exists()
    end_share(share.pk, by=aiko.actor())
    assert [f.name for f in Fact.objects.filter(noun="access.share").order_by("id")] == [
        "access.share.given",
        "access.share.ended",
    ]


def test_the_share_dialog_works_as_a_page(admin: User, aiko: User) -> None:
    ken = make.user("sales", "田中 健")
    deal = make.deal(by=aiko.actor())
    client = log_in(aiko)
    assert client.get(f"/share/sales.deal/{deal.pk}/").status_code == 200
    assert (
        client.post(
            f"/share/sales.deal/{deal.pk}/", {"user": f"u{ken.pk}", "may_edit": "on", "until": "2001-01-01"}
        ).status_code
        == 422
    )
    assert client.post(f"/share/sales.deal/{deal.pk}/", {"user": ""}).status_code == 422
    assert client.post(f"/share/sales.deal/{deal.pk}/", {"user": f"u{ken.pk}", "may_edit": "on"}).status_code == 302
    share = Share.objects.get()
    assert share.may_edit
    assert log_in(ken_with_password(ken)).post(f"/share/{share.pk}/end/").status_code in (403, 404)
    assert client.post(f"/share/{share.pk}/end/").status_code == 302
    assert not Share.objects.exists()
    for path in ("/share/sales.deal/999999/", "/share/accounts.user/1/", "/share/no.such/1/"):
        assert client.get(path).status_code == 404


def ken_with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def test_the_explainer_agrees_with_what_decides(admin: User) -> None:
    top = make.team("営業部")
    one, two = make.team("1課", top), make.team("2課", top)
    owner = make.user("sales", team=one)
    people = [
        owner,
        make.user("sales", team=one),
        make.user("sales", team=two),
        make.user("manager", team=top),
        make.user("reader"),
        make.user(None),
        admin,
    ]
    deal = make.deal(by=owner.actor())
    for person in people:
        person = User.objects.get(pk=person.pk)
        told = why(person, deal)
        for verb, verdict in told.verdicts.items():
            assert verdict == visible(Deal, person.actor(), verb).filter(pk=deal.pk).exists()
        assert told.lines


def test_the_explainer_page_shows_verdict_and_reasons(admin: User, aiko: User) -> None:
    deal = make.deal(by=aiko.actor(), title="第3工場 温湿度監視")
    page = log_in(admin).get(f"/settings/people/?who={aiko.pk}&noun=sales.deal&what=温湿度").content.decode()
    assert 'class="verd"' in page
    assert page.count('<span class="wi">') >= 3
    assert str(deal) in page


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_never_stored(admin: User, aiko: User) -> None:
    client = log_in(aiko)
    page = client.post(
        "/settings/keys/add/", {"name": "BI", "scope": "read", "expires_on": "2099-01-31"}
    ).content.decode()
    secret = page.split('value="nrn_')[1].split('"')[0]
    assert f'data-value="nrn_{secret}"' in page
    key = ApiKey.every.get()
    assert f"nrn_{secret}" not in str(vars(key))
    assert secret not in client.get("/settings/keys/").content.decode()
    assert key.start == f"nrn_{secret}"[:8]


def test_keys_are_seen_by_their_owner_and_administrators_only(admin: User, aiko: User) -> None:
    ken = ken_with_password(make.user("sales"))
    key, _secret = issue_key("kens key", by=ken.actor())
    assert "kens key" not in log_in(aiko).get("/settings/keys/").content.decode()
    assert "kens key" in log_in(admin).get("/settings/keys/").content.decode()
    with pytest.raises(NotFound):
        revoke_key(key.pk, by=aiko.actor())
    assert log_in(aiko).post(f"/settings/keys/{key.pk}/revoke/").status_code == 404
    revoke_key(key.pk, by=admin.actor())
    assert not ApiKey.every.get(pk=key.pk).is_live


def test_keys_end_with_their_owner(admin: User, aiko: User) -> None:
    key, _secret = issue_key("x", "write", by=aiko.actor())
    deactivate_user(aiko, by=admin.actor())
    assert not ApiKey.every.get(pk=key.pk).is_live


# -- firm, teams, fields -------------------------------------------------------------------------------------------------


def test_the_currency_is_fixed_once_there_are_deals(admin: User) -> None:
    change_firm({"currency": "EUR"}, by=admin.actor())
    change_firm({"currency": "JPY"}, by=admin.actor())
    make.deal()
    with pytest.raises(Invalid) as no:
        change_firm({"currency": "USD"}, by=admin.actor())
    assert "currency" in no.value.errors
    assert Fact.objects.filter(name="access.firm.changed").first().changes == {"currency": ["JPY", "EUR"]}  # type: ignore[union-attr]


def test_the_firm_form_keeps_what_was_typed_and_says_what_is_wrong(admin: User) -> None:
    client = log_in(admin)
    answer = client.post(
        "/settings/firm/",
        {"name": "", "fiscal_start_month": "13", "tz": "Mars/Base", "locale": "ja", "deal_word": "案件"},
    )
    assert answer.status_code == 422
    assert answer.content.decode().count("aria-invalid") >= 3
    assert (
        client.post(
            "/settings/firm/",
            {"name": "青葉", "fiscal_start_month": "1", "tz": "Asia/Tokyo", "locale": "en", "deal_word": "案件"},
        ).status_code
        == 302
    )


def test_teams_are_added_moved_and_only_put_away_empty(admin: User) -> None:
    client = log_in(admin)
    client.post("/settings/teams/", {"name": "営業部"})
    top = Team.every.get(name="営業部")
    client.post("/settings/teams/", {"name": "1課", "parent": top.pk})
    low = Team.every.get(name="1課")
    assert low.path == f"/{top.pk}/{low.pk}/"
    assert client.post(f"/settings/teams/{top.pk}/", {"name": "営業部", "parent": low.pk}).status_code == 422
    assert client.post(f"/settings/teams/{top.pk}/", {"do": "remove"}).status_code == 409
    client.post(f"/settings/teams/{low.pk}/", {"name": "第1課", "parent": ""})
    low.refresh_from_db()
    assert (low.name, low.path) == ("第1課", f"/{low.pk}/")
    assert client.post(f"/settings/teams/{top.pk}/", {"do": "remove"}).status_code == 302


def test_a_custom_field_is_added_changed_and_put_away(admin: User) -> None:
    from noren.core.record.models import FieldDefinition

    client = log_in(admin)
    body = {
        "noun": "sales.deal",
        "kind": "choice",
        "key": "region",
        "label_ja": "地域",
        "label_en": "Region",
        "choices": "東\n西\n\n東",
        "group": "public",
    }
    assert client.post("/settings/fields/add/", body).status_code == 302
    made = FieldDefinition.every.get()
    assert made.choices == ["東", "西"]
    unticked = body | {"key": "area", "required": "off", "in_list": ["off", "on"]}
    assert client.post("/settings/fields/add/", unticked).status_code == 302
    area = FieldDefinition.every.get(key="area")
    assert (area.required, area.in_list) == (False, True)
    assert client.post("/settings/fields/add/", body).status_code == 422
    assert client.post("/settings/fields/add/", body | {"key": "x y", "noun": "accounts.user"}).status_code == 422
    assert (
        client.post(
            f"/settings/fields/{made.pk}/", body | {"label_ja": "エリア", "kind": "text", "key": "other"}
        ).status_code
        == 302
    )
    made.refresh_from_db()
    assert (made.label_ja, made.kind, made.key) == ("エリア", "choice", "region")
    assert client.post(f"/settings/fields/{made.pk}/remove/").status_code == 302
    assert "エリア" not in client.get("/settings/fields/").content.decode()


# -- audit, health, first run --------------------------------------------------------------------------------------------


def test_the_audit_log_pages_without_gaps_and_filters(admin: User) -> None:
    deals = [make.deal(by=admin.actor()) for _ in range(60)]
    change(deals[0], {"amount": 500}, by=admin.actor())
    client = log_in(admin)
    import re

    seen: list[str] = []
    url: str | None = "/settings/audit/?noun=sales.deal"
    while url:
        page = client.get(url).content.decode()
        seen += re.findall(r"<time datetime", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = f"/settings/audit/{following[1].replace('&amp;', '&')}" if following else None
    assert len(seen) == 61
    page = client.get("/settings/audit/?noun=sales.deal&event=sales.deal.changed").content.decode()
    assert "→ ¥500" in page
    assert page.count("<time datetime") == 1
    for bad in (
        "who=x",
        "before=nonsense",
        "before=2026-01-01_5",
        "from=2026-13-45",
        "noun='; DROP TABLE",
        "door=%00"[:5],
    ):
        assert client.get(f"/settings/audit/?{bad}").status_code == 200


@pytest.mark.parametrize(("language", "day"), [("ja", "2026/11/20"), ("en", "20 Nov 2026")])
def test_the_audit_log_writes_amounts_and_days_as_all_pages_do(admin: User, language: str, day: str) -> None:
    User.every.filter(pk=admin.pk).update(locale=language)
    deal = make.deal(by=admin.actor(), title="温度計", amount=1_128_000)
    change(deal, {"close_by": date(2026, 11, 20)}, by=admin.actor())
    win_deal(Deal.every.get(pk=deal.pk), by=admin.actor(), won_on=timezone.localdate())
    page = log_in(admin).get("/settings/audit/?noun=sales.deal").content.decode()
    assert "¥1,128,000</span></th>" in page
    assert f"→ {day}" in page
    assert "1128000" not in page
    today = timezone.localdate()
    told = today.strftime("%Y/%m/%d") if language == "ja" else f"{today.day} {today:%b %Y}"
    assert f">{told} " in page


def test_the_audit_file_holds_no_formulas(admin: User) -> None:
    make.deal(by=admin.actor(), title="=cmd|' /C calc'!A0")
    body = b"".join(log_in(admin).get("/settings/audit.csv?noun=sales.deal")).decode("utf-8-sig")  # type: ignore[call-overload]
    assert "'=cmd" in body
    assert ",=cmd" not in body
    assert ',"=cmd' not in body


def test_health_tells_strangers_nothing(admin: User) -> None:
    answer = Client().get("/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"ok", "faults"}
    assert "waiting" in log_in(admin).get("/health").json()


def test_a_disk_that_fills_up_raises_an_alarm_but_no_restart(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=400 * 1024**2))
    answer = Client().get("/health")
    assert answer.status_code == 200
    assert "disk" in answer.json()["faults"]
    assert Client().get("/ready").status_code == 503


def test_without_a_worker_the_watchdog_and_the_administrators_know(admin: User, aiko: User) -> None:
    assert not ProcrastinateWorker.objects.exists()
    standing.forget()
    answer = Client().get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "faults": ["worker"]}
    assert Client().get("/health").status_code == 200
    word = "noren worker"
    boss = log_in(admin)
    assert word in boss.get("/").content.decode()
    assert word in boss.get("/settings/jobs/").content.decode()
    assert word not in log_in(aiko).get("/").content.decode()


def test_with_a_worker_all_is_well(admin: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    standing.forget()
    assert Client().get("/ready").json() == {"ok": True, "faults": []}
    assert "noren worker" not in log_in(admin).get("/").content.decode()
    standing.forget()


def test_the_first_run_leads_to_five_places_and_can_be_put_away(admin: User) -> None:
    client = log_in(admin)
    page = client.get("/welcome/").content.decode()
    for place in ("/settings/firm/", "/imports/", "/settings/people/invite/", "/settings/pipelines/"):
        assert f'href="{place}"' in page
    answer = client.post("/welcome/")
    assert answer["Location"] == "/"
    assert answer.cookies["noren-welcomed"].value == "1"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_settings_page_opens(admin: User, aiko: User, language: str) -> None:
    issue_key("x", by=admin.actor())
    make.team()
    admin.locale = language
    admin.save()
    client = log_in(admin)
    for path in ("profile", "security", "security/password", "security/app", "security/passkeys/add", "firm", "people", "people/invite",
                 f"people/{aiko.pk}", "roles/add", "teams", "fields", "fields/add", "keys", "keys/add", "audit", "jobs", "pipelines"):  # fmt: skip
        answer = client.get(f"/settings/{path}/")
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert " style=" not in text, path
        assert "<script>" not in text, path


def test_pages_of_settings_cost_the_same_however_many_people(admin: User) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = log_in(admin)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as caught:
            client.get("/settings/people/")
        counts.append(len(caught))
        for _n in range(8):
            make.user("sales", team=make.team())
        client.get("/settings/people/")
    assert counts[1] <= counts[0] + 1


def test_pipelines_are_arranged(admin: User, aiko: User) -> None:
    from noren.sales.models import LossReason, Stage

    client = log_in(admin)
    first, second = make.stages()[:2]
    client.post(f"/settings/pipelines/stages/{second.pk}/", {"do": "up"})
    assert [s.pk for s in make.stages()[:2]] == [second.pk, first.pk]
    client.post(f"/settings/pipelines/stages/{first.pk}/", {"name": "接触", "probability": "15", "standard_days": ""})
    first.refresh_from_db()
    assert (first.name, float(first.probability), first.standard_days) == ("接触", 15.0, None)
    make.deal(stage=first)
    assert client.post(f"/settings/pipelines/stages/{first.pk}/", {"do": "remove"}).status_code == 409
    assert (
        client.post(
            "/settings/pipelines/", {"what": "stage", "pipeline": first.pipeline_id, "name": "契約"}
        ).status_code
        == 302
    )
    assert Stage.every.filter(name="契約").exists()
    assert client.post("/settings/pipelines/", {"what": "reason", "name": "納期"}).status_code == 302
    assert LossReason.every.filter(name="納期").exists()
    assert client.post("/settings/pipelines/", {"what": "stage", "pipeline": 999999, "name": "x"}).status_code == 404
    assert log_in(aiko).get("/settings/pipelines/").status_code == 403


def test_the_house_itself_may_act_without_a_log_in(admin: User) -> None:
    assert HOUSE.is_admin
    deactivate_user(make.user("sales"), by=HOUSE)


def test_the_bins_of_all_nouns_are_on_one_page(admin: User, aiko: User) -> None:
    deal = make.deal(by=aiko.actor())
    remove(deal, by=aiko.actor())
    page = log_in(admin).get("/settings/bin/").content.decode()
    assert 'href="/sales/deals/bin/"' in page
    ken = ken_with_password(make.user("support"))
    assert "/sales/deals/bin/" not in log_in(ken).get("/settings/bin/").content.decode()


def test_the_audit_log_shows_a_fact_with_a_word_named_like_the_other_end_of_a_relation(admin: User) -> None:
    deal = make.deal(by=admin.actor())
    set_lines(deal, by=admin.actor(), lines=[Line(text="設置", quantity=Decimal(2), unit_price=Decimal(500))])
    assert "¥1,000" in log_in(admin).get("/settings/audit/?noun=sales.deal").content.decode()


# -- leaving -----------------------------------------------------------------------------------------------------------


def test_the_page_of_a_member_leads_to_what_they_look_after(admin: User, aiko: User) -> None:
    make.deal(owner=aiko)
    make.company(owner=aiko)
    win_deal(make.deal(owner=aiko, amount=1), by=HOUSE, won_on=timezone.localdate())
    page = log_in(admin).get(f"/settings/people/{aiko.pk}/").content.decode()
    assert f'href="/sales/deals/?outcome=open&amp;owner={aiko.pk}"' in page
    assert [(one.href, one.count) for one in holdings(aiko, admin.actor())] == [
        (f"/contacts/companies/?owner={aiko.pk}", 1),
        (f"/sales/deals/?outcome=open&owner={aiko.pk}", 1),
    ]


def test_the_audit_log_tells_of_exports_with_their_number_of_rows(admin: User) -> None:
    make.deal(title="A", amount=5)
    make.deal(title="B", amount=5)
    client = log_in(admin)
    for form in ("csv", "json", "xlsx"):
        answer: Any = client.get(f"/sales/deals/export/?format={form}&title=A")
        assert b"".join(answer)
    told = Fact.objects.filter(name="record.export.made").order_by("pk")
    assert [fact.payload for fact in told] == [
        {"of": "sales.deal", "rows": 1, "form": f} for f in ("csv", "json", "xlsx")
    ]
    assert {fact.by_id for fact in told} == {admin.pk}
    client.cookies["noren-language"] = "en"
    admin.locale = "en"
    admin.save()
    page = client.get("/settings/audit/?event=record.export.made").content.decode()
    assert f"{admin.name} exported deals as csv: 1 rows" in page


def test_an_export_that_is_broken_off_is_told_of_too(admin: User) -> None:
    make.deal(title="A", amount=5)
    parts: Any = export_parts(record_of(Deal), admin.actor(), State(), "csv")
    next(parts)
    parts.close()
    assert Fact.objects.filter(name="record.export.made", by=admin).count() == 1


def test_the_audit_log_tells_the_roles_of_an_invitation(admin: User) -> None:
    role = Role.every.get(key="sales")
    user, _token = invite({"name": "鈴木 遥", "email": "haruka@example.jp"}, [role.pk], by=admin.actor())
    assert Fact.objects.get(name="accounts.user.invited", subject_id=user.pk).changes == {"roles": [None, role.name]}
    assert role.name in log_in(admin).get("/settings/audit/?event=accounts.user.invited").content.decode()


def test_every_event_of_the_choice_is_in_words(admin: User) -> None:
    make.deal(title="A", amount=5)
    for query in ("", "?noun=sales.deal", "?noun=access.firm"):
        page = log_in(admin).get(f"/settings/audit/{query}").content.decode()
        for name in ("event", "noun"):
            inside = page.partition(f'name="{name}"')[2].partition("</select>")[0]
            labels = re.findall(r"<option[^>]*>([^<]*)<", inside)
            assert len(labels) > 1
            assert not [label for label in labels if re.search(r"[a-z]+\.[a-z]+|[{}]", label)], labels


def test_the_invitation_says_which_roles_need_a_team(admin: User) -> None:
    page = log_in(admin).get("/settings/people/invite/").content.decode()
    hint = page.partition('id="h-team"')[2].partition("</")[0]
    assert Role.every.get(key="sales").name in hint
    assert Role.every.get(key="manager").name not in hint
