"""Every form that adds something carries a hidden word: sent twice, it adds one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from tests import make
from tests.accounts.conftest import log_in

from noren.accounts.models import ApiKey, User
from noren.core.access.models import Role, Share, Team
from noren.core.event.models import Fact
from noren.core.record.models import FieldDefinition, SavedView
from noren.sales.models import LossReason, Pipeline, Stage

pytestmark = pytest.mark.django_db
FORMS = {
    "team": ("/settings/teams/", Team, {"name": "大阪", "parent": ""}),
    "role": ("/settings/roles/add/", Role, {"name": "研修", "like": ""}),
    "field": ("/settings/fields/add/", FieldDefinition, {"noun": "sales.deal", "kind": "text", "label_ja": "色", "key": "color", "group": "public"}),
    "pipeline": ("/settings/pipelines/", Pipeline, {"what": "pipeline", "name": "更新"}),
    "stage": ("/settings/pipelines/", Stage, {"what": "stage", "name": "検収"}),
    "reason": ("/settings/pipelines/", LossReason, {"what": "reason", "name": "予算"}),
    "view": ("/sales/deals/views/save/?outcome=open", SavedView, {"name": "進行中", "shared_with": "mine"}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_form_sent_twice_adds_one(form: str, admin: User) -> None:
    href, model, values = FORMS[form]
    rows: Any = getattr(model, "every", model.objects)
    client = log_in(admin)
    if form == "stage":
        values = values | {"pipeline": str(Pipeline.every.get(is_default=True).pk)}
    page = client.get(href).content.decode()
    word = re.search(r'name="_once" value="([^"]+)"', page)
    assert word
    before = rows.count()
    answers = [client.post(href, values | {"_once": word[1]}) for _ in range(2)]
    assert [one.status_code for one in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert rows.count() == before + 1
    other = client.post(href, values | {"_once": word[1], "name": "別の名", "label_ja": "別の名"})
    assert other.status_code == 422
    assert rows.count() == before + 1


def word_of(page: str) -> str:
    found = re.search(r'name="_once" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_key_asked_for_twice_is_one_and_shown_both_times(admin: User) -> None:
    client = log_in(admin)
    values = {"name": "集計", "scope": "read", "_once": word_of(client.get("/settings/keys/add/").content.decode())}
    pages = [client.post("/settings/keys/add/", values).content.decode() for _ in range(2)]
    secrets = [re.findall(r'value="(nrn_[^"]+)"', page)[0] for page in pages]
    key = ApiKey.every.get()
    assert secrets[0] == secrets[1]
    assert secrets[0].startswith(key.start)
    ApiKey.every.update(created_at=key.created_at - timedelta(minutes=11))
    late = client.post("/settings/keys/add/", values)
    assert (late.status_code, ApiKey.every.count()) == (302, 1)


def test_an_invitation_asked_for_twice_is_one_with_one_link(admin: User) -> None:
    client = log_in(admin)
    role = Role.every.get(key="sales")
    values = {
        "name": "新田 花", "email": "nitta@example.jp", "roles": [str(role.pk)],
        "_once": word_of(client.get("/settings/people/invite/").content.decode()),
    }  # fmt: skip
    pages = [client.post("/settings/people/invite/", values) for _ in range(2)]
    assert [one.status_code for one in pages] == [200, 200]
    links = [re.findall(r'readonly value="([^"]+)"', one.content.decode())[0] for one in pages]
    assert links[0] == links[1]
    made = User.every.get(email="nitta@example.jp")
    assert Fact.objects.filter(name="accounts.user.invited", subject_id=made.pk).count() == 1


def test_a_share_sent_twice_is_told_once(admin: User) -> None:
    client = log_in(admin)
    colleague, company = make.user("sales"), make.company(owner=admin)
    href = f"/share/contacts.company/{company.pk}/"
    values = {"user": f"u{colleague.pk}", "until": "", "_once": word_of(client.get(href).content.decode())}
    assert [client.post(href, values).status_code for _ in range(2)] == [302, 302]
    assert Share.objects.count() == 1
    assert Fact.objects.filter(name="access.share.given").count() == 1
