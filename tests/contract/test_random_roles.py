"""Rows given to random roles are those one finds by looking at each. FULL_MATRIX=1 tries more of them."""

from __future__ import annotations

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noren.accounts.models import User
from noren.accounts.models.user import forget_actors
from noren.core.access.models import Role, Share
from noren.core.access.scope import fetch, visible
from noren.core.base.errors import Forbidden, NotFound
from noren.sales.models import Deal
from tests import make

MOST = 12
"""Deals of one try."""
FULL = os.environ.get("FULL_MATRIX") == "1"


@pytest.fixture(scope="module")
def people(module_rows: None) -> list[User]:
    """Somebody, a teammate, somebody of a team below, a stranger: the owners of deals."""
    make.firm()
    top = make.team()
    teams = (top, top, make.team(parent=top), make.team())
    return [make.user(None, team=team) for team in teams]


@pytest.fixture(scope="module")
def pools(people: list[User]) -> list[list[Deal]]:
    """For each owner as many deals as may be wished."""
    return [[make.deal(owner=owner) for _n in range(MOST)] for owner in people]


levels = st.sampled_from(["none", "own", "team", "all"])
role_sets = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("view", "edit", "remove"), levels)), max_size=3)
rows_wished = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "view", "edit"])), min_size=1, max_size=MOST)


@given(roles=role_sets, wished=rows_wished)
@settings(max_examples=200 if FULL else 25, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_given_are_those_counted_by_hand(
    db: None, people: list[User], pools: list[list[Deal]], roles: list[dict[str, str]], wished: list[tuple[int, str]]
) -> None:
    """Deals of four owners, some shared: for each verb the set of ids equals the one found by looking at each row."""
    mark = transaction.savepoint()
    try:
        forget_actors()  # what the last try gave was taken back
        me = User.objects.get(pk=people[0].pk)
        unused = [iter(pool) for pool in pools]
        for n, rights in enumerate(roles):
            role = Role(name=f"r{n}", rights={f"sales.deal.{verb}": level for verb, level in rights.items()})
            role.save()
            me.roles.add(role)
        facts = []
        for owner, share in wished:
            deal = next(unused[owner])
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
            got = set(visible(Deal, actor, verb).filter(pk__in=[d.pk for d in deals]).values_list("pk", flat=True))
            assert got == wanted, (verb, roles)
            for deal in deals:
                try:
                    fetch(Deal, actor, deal.pk, verb)
                    found = True
                except (NotFound, Forbidden):
                    found = False
                assert found == (deal.pk in wanted)
    finally:
        transaction.savepoint_rollback(mark)
