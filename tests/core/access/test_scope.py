"""The finer points of reach that the matrix does not vary: shares with an end, orphans, which parent decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from tests import make

from noren.accounts.models import User
from noren.activity.models import Activity
from noren.contacts.models import Affiliation
from noren.core.access.actor import Actor
from noren.core.access.models import Role, Share
from noren.core.access.scope import Look, fetch, look_for, visible
from noren.core.action.plain import change
from noren.core.base.errors import Forbidden, NotFound
from noren.sales.models import Deal

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _firm(module_rows: None) -> None:
    make.firm()


def user_with(**levels: str) -> User:
    user = make.user(None, team=make.team())
    role = Role(name=f"role {user.pk}", rights={f"*.{verb}": level for verb, level in levels.items()})
    role.save()
    user.roles.add(role)
    user.save()
    return User.objects.get(pk=user.pk)


def fresh(user: User) -> Actor:
    return User.objects.get(pk=user.pk).actor()


def test_a_share_ends_with_its_time() -> None:
    me, deal = user_with(), make.deal(owner=make.user("sales"))
    share = Share(noun="sales.deal", row_id=deal.pk, user=me, until=timezone.now() + timedelta(hours=1))
    share.save()
    assert fetch(Deal, fresh(me), deal.pk) == deal

    share.until = timezone.now() - timedelta(seconds=1)
    share.save()
    with pytest.raises(NotFound):
        fetch(Deal, fresh(me), deal.pk)


def test_a_share_with_a_team_reaches_its_people_and_nobody_else() -> None:
    me, other, deal = user_with(), user_with(), make.deal(owner=make.user("sales"))
    theirs = make.deal(owner=make.user("sales"))
    Share(noun="sales.deal", row_id=deal.pk, team=me.team).save()
    Share(noun="sales.deal", row_id=theirs.pk, user=other).save()

    assert list(visible(Deal, fresh(me))) == [deal]
    assert list(visible(Deal, fresh(other))) == [theirs]


def test_a_share_of_another_noun_with_the_same_number_opens_nothing() -> None:
    me, deal = user_with(), make.deal(owner=make.user("sales"))
    Share(noun="contacts.company", row_id=deal.pk, user=me).save()
    other = make.deal(owner=make.user("sales"))
    Share(noun="sales.deal", row_id=other.pk, user=me).save()

    assert list(visible(Deal, fresh(me))) == [other]


def test_an_activity_about_nothing_follows_its_owner() -> None:
    me = user_with(view="own", edit="own")
    mine, foreign = (Activity(owner=owner, subject="x") for owner in (me, make.user("sales")))
    mine.save()
    foreign.save()

    for verb in ("view", "edit"):
        assert list(visible(Activity, fresh(me), verb)) == [mine]


def test_the_first_parent_that_is_set_decides() -> None:
    """A note about a stranger's deal stays hidden although the company beside it is mine."""
    me = user_with(view="own", edit="own")
    company = make.company(owner=me)
    deal = make.deal(owner=make.user("sales"), company=company)
    about = Activity(owner=me, company=company, about_noun="sales.deal", about_id=deal.pk, subject="about the deal")
    beside = Activity(owner=make.user("sales"), company=company, subject="about the company")
    about.save()
    beside.save()

    assert list(visible(Activity, fresh(me))) == [beside]
    assert list(visible(Activity, fresh(me), "edit")) == []


def test_a_child_without_owner_is_changed_by_those_who_have_the_parent() -> None:
    me, boss = user_with(view="all", edit="own"), user_with(view="all", edit="all")
    mine, foreign = (Affiliation(person=make.person(owner=o)) for o in (me, make.user("sales")))
    mine.save()
    foreign.save()

    assert list(visible(Affiliation, fresh(me), "edit")) == [mine]
    assert list(visible(Affiliation, fresh(boss), "edit").order_by("pk")) == [mine, foreign]
    with pytest.raises(Forbidden):
        fetch(Affiliation, fresh(me), foreign.pk, "edit")


def test_giving_away_needs_the_right_over_that_very_row() -> None:
    me = user_with(view="all", edit="all", assign="own")
    other = make.user("sales")
    mine, foreign = make.deal(owner=me), make.deal(owner=other)

    with pytest.raises(Forbidden):
        change(foreign, {"owner": me.pk}, by=fresh(me))
    assert change(mine, {"owner": other.pk}, by=fresh(me)).owner_id == other.pk


@pytest.mark.parametrize("pk", [None, "", "x", "1; drop", -1, 0, 2**63, 10**30, 1.5j])
def test_odd_ids_are_simply_not_there(pk: object) -> None:
    with pytest.raises(NotFound):
        fetch(Deal, make.actor("admin"), pk)


@pytest.mark.parametrize("levels", [("own", "own"), ("team", "team"), ("own", "all"), ("all", "own"), ("none", "own")])
def test_however_rows_are_looked_up_they_are_the_same(levels: tuple[str, str]) -> None:
    deals, others = levels
    me = user_with()
    role = Role(
        name=f"looks {me.pk}", rights={"*.view": others, "sales.deal.view": deals, "activity.activity.edit": "own"}
    )
    role.save()
    me.roles.set([role])
    near, far = make.user("sales", team=me.team), make.user("sales")
    for owner in (me, near, far, None):
        company = make.company(owner=owner)
        person = make.person(owner=owner, company=company)
        deal = make.deal(owner=owner, company=company)
        for writer in (me, near, far, None):
            for more in (
                {}, {"company": company}, {"person": person}, {"company": company, "person": person},
                {"about_noun": "sales.deal", "about_id": deal.pk}, {"about_noun": "contacts.person", "about_id": person.pk},
                {"about_noun": "contacts.company", "about_id": company.pk}, {"about_noun": "sales.deal", "about_id": 999_999_999},
                {"about_noun": "sales.deal", "person": person}, {"about_noun": "nothing.known", "about_id": 1, "company": company},
            ):  # fmt: skip
                Activity.every.bulk_create([Activity(subject="x", owner=writer, **more)])
    Share(noun="sales.deal", row_id=Deal.every.filter(owner=far).order_by("-pk")[0].pk, user=me).save()
    actor = fresh(User.objects.get(pk=me.pk))

    for verb in ("view", "edit"):
        found = {look: set(visible(Activity, actor, verb, look=look).values_list("pk", flat=True)) for look in Look}
        assert found[Look.EACH] == found[Look.WHOLE] == found[Look.BOOK]
    assert look_for(Activity, actor) in Look
