"""Rows given to random roles are those one finds by looking at each. FULL_MATRIX=1 tries more of them."""

from __future__ import annotations

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noren.accounts.models import User
from noren.core.access.models import Role, Share
from noren.core.access.scope import fetch, visible
from noren.core.base.errors import Forbidden, NotFound
from tests import make

FULL = os.environ.get("FULL_MATRIX") == "1"


@pytest.fixture(autouse=True)
def _firm(db: None) -> None:
    make.firm()


levels = st.sampled_from(["none", "own", "team", "all"])
role_sets = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("view", "edit", "remove"), levels)), max_size=3)
rows_wished = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "view", "edit"])), min_size=1, max_size=12)


@given(role_sets, rows_wished)
@settings(max_examples=200 if FULL else 25, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_given_are_those_counted_by_hand(roles: list[dict[str, str]], wished: list[tuple[int, str]]) -> None:
    """Deals of four owners, some shared: for each verb the set of ids equals the one found by looking at each row."""
    mark = transaction.savepoint()
    try:
        top = make.team()
        me = make.user(None, team=top)
        owners = [
            me,
            make.user(None, team=top),
            make.user(None, team=make.team(parent=top)),
            make.user(None, team=make.team()),
        ]
        for n, rights in enumerate(roles):
            role = Role(name=f"r{n}", rights={f"sales.deal.{verb}": level for verb, level in rights.items()})
            role.save()
            me.roles.add(role)
        facts = []
        for owner, share in wished:
            deal = make.deal(owner=owners[owner])
            if share:
                Share(noun="sales.deal", row_id=deal.pk, user=me, may_edit=share == "edit").save()
            facts.append((deal, owner, share))
        me.save()
        actor = User.objects.get(pk=me.pk).actor()
        for verb in ("view", "edit", "remove"):
            reach = max([("none", "own", "team", "all").index(r.get(verb, "none")) for r in roles], default=0)
            wanted = {
                deal.pk
                for deal, owner, share in facts
                if reach >= (1, 2, 2, 3)[owner] or (verb == "view" and share) or (verb == "edit" and share == "edit")
            }
            deals = [deal for deal, _owner, _share in facts]
            got = set(visible(type(deals[0]), actor, verb).values_list("pk", flat=True))
            assert got == wanted, (verb, roles)
            for deal in deals:
                try:
                    fetch(type(deal), actor, deal.pk, verb)
                    found = True
                except (NotFound, Forbidden):
                    found = False
                assert found == (deal.pk in wanted)
    finally:
        transaction.savepoint_rollback(mark)
