"""Getting colleagues in and out: invitation, roles, deactivation. The last administrator always stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.accounts.events import (
    Deactivated,
    Invited,
    LinkUsed,
    PasswordChanged,
    Reactivated,
    RolesChanged,
    SessionsEnded,
)
from noren.accounts.models import Session, Ticket, User
from noren.accounts.models.key import digest_of
from noren.accounts.models.ticket import LIVES, digest_of_token, new_token
from noren.core.access.actor import HOUSE, Actor
from noren.core.access.models import Role
from noren.core.action.door import action, spoken_faults
from noren.core.action.plain import create
from noren.core.base.errors import Forbidden, Invalid
from noren.core.event.publish import publish


def demand_admin(by: Actor) -> None:
    """Rights, log-ins and the firm's settings are for administrators."""
    if not by.is_admin:
        raise Forbidden


def invite(values: Mapping[str, Any], roles: Iterable[int], *, by: Actor) -> tuple[User, str]:
    """Make a colleague without a password, and the token of the link by which they set one.

    values: email, name and perhaps name_kana, team, reports_to, locale. Invalid when the address is taken.
    """
    demand_admin(by)
    email = str(values.get("email") or "").strip()
    if not email:
        raise Invalid(email=str(_("Give the e-mail address they will log in with.")))
    with transaction.atomic():
        if User.objects.filter(email__iexact=email).exists():
            raise Invalid(email=str(_("Somebody logs in with this address already.")))
        user = create(User, {**values, "email": email}, by=by)
        user.set_unusable_password()
        user.save(update_fields=["password"])
        given = Role.every.filter(pk__in=list(roles), removed_at__isnull=True).order_by("name")
        user.roles.set(given)
        named = ", ".join(role.name for role in given)
        publish(Invited(user.pk), by=by, changes=[{"roles": [None, named]}])
        return user, issue_ticket(user, "invite", by=by)


def invite_again(user: User, *, by: Actor) -> str:
    """A fresh link for somebody whose first one ran out; the old one ends."""
    demand_admin(by)
    if user.email is None:
        raise Invalid(email=str(_("Give the e-mail address they will log in with.")))
    with transaction.atomic():
        publish(Invited(user.pk), by=by)
        return issue_ticket(user, "invite", by=by)


def issue_ticket(user: User, kind: str, *, by: Actor = HOUSE) -> str:
    """A one-time token. Earlier ones of this user end."""
    token = new_token()
    with transaction.atomic():
        Ticket.objects.filter(user=user, used_at__isnull=True).update(used_at=timezone.now())
        Ticket.objects.create(
            user=user, kind=kind, digest=digest_of_token(token), email=user.email or "",
            until=timezone.now() + LIVES[kind], made_by_id=by.user_id,
        )  # fmt: skip
    return token


def ticket_of(token: str, *, lock: bool = False) -> Ticket | None:
    """The live ticket behind a token: unused, in time, for a user who may log in by the address it was made for."""
    rows = Ticket.objects.select_related("user")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(digest=digest_of_token(token)).first()
    if found is None or not found.is_live:
        return None
    user = found.user
    if not user.is_active or user.removed_at is not None or (user.email or "") != found.email:
        return None
    return found


def redeem(token: str, password: str, ip: str) -> User | None:
    """Set the password with a one-time token; all sessions of the user end. None when the token is no good (any more)."""
    with transaction.atomic(), spoken_faults():
        ticket = ticket_of(token, lock=True)
        if ticket is None:
            return None
        user: User = ticket.user
        validate_password(password, user)
        user.set_password(password)
        user.save(update_fields=["password"])
        Ticket.objects.filter(user=user, used_at__isnull=True).update(used_at=timezone.now())
        end_sessions(user)
        publish(LinkUsed(user.pk, kind=ticket.kind, ip=ip), by=user.actor())
    return user


def told_password_change(user: User, *, by: Actor) -> None:
    """Note that a password was changed; links sent before it end."""
    with transaction.atomic():
        Ticket.objects.filter(user=user, used_at__isnull=True).update(used_at=timezone.now())
        publish(PasswordChanged(user.pk), by=by)


def end_sessions(user: User, *, except_key: str | None = None, only: int | None = None) -> int:
    """End the sessions of a user, all but one or only one of them; how many."""
    rows = Session.objects.filter(user_id=user.pk)
    if except_key is not None:
        rows = rows.exclude(digest=digest_of(except_key))
    if only is not None:
        rows = rows.filter(pk=only)
    return rows.delete()[0]


def end_sessions_of(user: User, *, by: Actor, except_key: str | None = None, only: int | None = None) -> int:
    """The same as an act of somebody, who must be that user or an administrator."""
    if by.user_id != user.pk:
        demand_admin(by)
    with transaction.atomic():
        count = end_sessions(user, except_key=except_key, only=only)
        if count:
            publish(SessionsEnded(user.pk, count=count), by=by)
    return count


def set_roles(user: User, roles: Iterable[int], *, by: Actor) -> User:
    """Give a user exactly these roles. Refused when no administrator would be left."""
    demand_admin(by)
    with transaction.atomic():
        locked = User.every.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        before = list(locked.roles.order_by("name").values_list("name", flat=True))
        wanted = Role.every.filter(pk__in=list(roles), removed_at__isnull=True)
        locked.roles.set(wanted)
        locked.guard_last_admin()
        after = list(locked.roles.order_by("name").values_list("name", flat=True))
        if before == after:
            return locked
        locked.save(update_fields=["updated_at"])
        publish(RolesChanged(locked.pk), by=by, changes=[{"roles": [", ".join(before), ", ".join(after)]}])
    return locked


@action(
    User,
    label=_("End access"),
    right="edit",
    when=lambda user: bool(user.is_active),
    icon="lock",
    tone="danger",
    bulk=False,
)
def deactivate_user(user: User, *, by: Actor) -> Deactivated:
    """The user cannot log in any more; records and history stay. Sessions and API keys end at once."""
    demand_admin(by)
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user)
    Ticket.objects.filter(user=user, used_at__isnull=True).update(used_at=timezone.now())
    user.api_keys.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
    return Deactivated(user.pk)


@action(User, label=_("Give access again"), right="edit", when=lambda user: not user.is_active, icon="undo", bulk=False)
def reactivate_user(user: User, *, by: Actor) -> Reactivated:
    """The user may log in again, with the password they had."""
    demand_admin(by)
    user.is_active = True
    user.save(update_fields=["is_active"])
    return Reactivated(user.pk)
