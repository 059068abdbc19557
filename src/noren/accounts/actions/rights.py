"""What roles may do, who shares what, and the firm's own settings. All told as facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from noren.accounts.actions.people import demand_admin
from noren.accounts.events import FirmChanged, RightsChanged, ShareEnded, ShareGiven
from noren.accounts.models import User
from noren.core.access.actor import Actor
from noren.core.access.models import Firm, Role, Share, Team
from noren.core.access.rights import LEVEL_WORDS, TOUCH_WORDS
from noren.core.access.scope import fetch, noun_of
from noren.core.action.plain import plain_event
from noren.core.base.errors import Invalid, NotFound
from noren.core.event.publish import publish

FIRM_FIELDS = ("name", "currency", "fiscal_start_month", "tz", "locale", "deal_word")


def change_rights(role: Role, rights: Mapping[str, str], groups: Mapping[str, str], *, by: Actor) -> Role:
    """Set levels of a role: `sales.deal.view -> team`, `money -> read`; what is not named stays as it is."""
    demand_admin(by)
    if any(word not in LEVEL_WORDS for word in rights.values()) or any(
        word not in TOUCH_WORDS for word in groups.values()
    ):
        raise Invalid(rights=str(_("Choose one of the levels shown.")))
    with transaction.atomic():
        locked = Role.every.select_for_update(of=("self",)).get(pk=role.pk, removed_at__isnull=True)
        changes: dict[str, Any] = {}
        for name, level in rights.items():
            before = locked.rights.get(name, "none")
            if before != level:
                changes[name] = [before, level]
                locked.rights[name] = level
                if level == "none":
                    del locked.rights[name]
        for group, touch in groups.items():
            before = locked.groups.get(group, "hidden")
            if before != touch:
                changes[f"group.{group}"] = [before, touch]
                locked.groups[group] = touch
        if changes:
            locked.save()
            people = User.every.filter(roles=locked, is_active=True, removed_at__isnull=True).count()
            publish(RightsChanged(locked.pk, people=people), by=by, changes=[changes])
    return locked


def require_factor(role: Role, on: bool, *, by: Actor) -> Role:
    """Whether everybody of this role needs a second step at log-in. Who has none is led to set one up, at once."""
    demand_admin(by)
    with transaction.atomic():
        locked = Role.every.select_for_update(of=("self",)).get(pk=role.pk, removed_at__isnull=True)
        if locked.needs_factor != on:
            locked.needs_factor = on
            locked.save()
            people = User.every.filter(roles=locked, is_active=True, removed_at__isnull=True).count()
            publish(RightsChanged(locked.pk, people=people), by=by, changes=[{"needs_factor": [not on, on]}])
    return locked


def add_role(name: str, like: Role | None, *, by: Actor) -> Role:
    """A new role, starting with the rights of another one."""
    demand_admin(by)
    name = name.strip()
    if not name:
        raise Invalid(name=str(_("Give the role a name.")))
    if Role.every.filter(name__iexact=name).exists():
        raise Invalid(name=str(_("There is a role of this name already.")))
    with transaction.atomic():
        role = Role(name=name, rights=dict(like.rights) if like else {}, groups=dict(like.groups) if like else {})
        role.save()
        publish(plain_event(Role, "created")(role.pk), by=by, changes=[{"name": [None, name]}])
    return role


def share_row(
    noun: str, row_id: int, *, by: Actor, user: int | None = None, team: int | None = None, may_edit: bool = False,
    until: datetime | None = None,
) -> Share:  # fmt: skip
    """Open one row to one more person or team. Needs the right to share that row; giving edit needs edit oneself."""
    model = noun_of(noun)
    row = fetch(model, by, row_id, "share")
    if may_edit:
        fetch(model, by, row_id, "edit")
    if (user is None) == (team is None):
        raise Invalid(user=str(_("Choose a person or a team.")))
    if user is not None and not User.every.filter(pk=user, is_active=True, removed_at__isnull=True).exists():
        raise Invalid(user=str(_("Choose one from the list.")))
    if team is not None and not Team.every.filter(pk=team, removed_at__isnull=True).exists():
        raise Invalid(team=str(_("Choose one from the list.")))
    with transaction.atomic():
        fetch(model, by, row_id, "share", lock=True)  # of two who share it at once, the second finds the first one's
        with_whom: dict[str, Any] = {"user_id": user, "team_id": team}
        share = Share.objects.filter(noun=model.word(), row_id=row.pk, **with_whom).first() or Share(
            noun=model.word(), row_id=row.pk, user_id=user, team_id=team
        )
        share.may_edit, share.until, share.shared_by_id = may_edit, until, by.user_id
        share.save()
        fact = ShareGiven(
            share.pk, of=model.word(), row_id=row.pk, user_id=user, team_id=team, may_edit=may_edit,
            until=until.isoformat() if until else None,
        )  # fmt: skip
        publish(fact, by=by)
    return share


def end_share(share_id: int, *, by: Actor) -> None:
    """Take a share back. Needs the right to share the row."""
    from noren.core.access.models import bump

    with transaction.atomic():
        share = Share.objects.select_for_update().filter(pk=share_id).first()
        if share is None:
            raise NotFound
        fetch(noun_of(share.noun), by, share.row_id, "share")
        publish(
            ShareEnded(share.pk, of=share.noun, row_id=share.row_id, user_id=share.user_id, team_id=share.team_id),
            by=by,
        )
        share.delete()
        bump()


def change_firm(values: Mapping[str, Any], *, by: Actor) -> Firm:
    """Change the firm's settings. The currency is fixed once there are deals: their amounts are in it."""
    demand_admin(by)
    unknown = set(values) - set(FIRM_FIELDS)
    if unknown:
        raise Invalid({name: [str(_("There is no such setting."))] for name in unknown})
    with transaction.atomic():
        firm = Firm.objects.select_for_update().order_by("pk").first()
        if firm is None:
            raise NotFound
        changes = {n: [getattr(firm, n), v] for n, v in values.items() if getattr(firm, n) != v}
        if "currency" in changes and is_currency_fixed():
            raise Invalid(currency=str(_("There are deals in this currency already.")))
        if changes:
            for name, value in values.items():
                setattr(firm, name, value)
            firm.save()
            publish(FirmChanged(firm.pk), by=by, changes=[changes])
    return firm


def is_currency_fixed() -> bool:
    """Whether amounts have been recorded, in the bin included."""
    return bool(noun_of("sales.deal").every.exists())
