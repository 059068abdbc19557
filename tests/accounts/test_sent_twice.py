"""Every form that adds something carries a hidden word: sent twice, it adds one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.accounts.conftest import log_in

from noren.accounts.models import User
from noren.core.access.models import Role, Team
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
