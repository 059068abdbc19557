"""The people of the firm as the settings show them, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Max

from noren.accounts.models import Session, User
from noren.core.access.models import Role, Team


@dataclass(slots=True)
class Node:
    """A team in the tree, with the people in it and below."""

    team: Team
    people: int = 0
    below: list[Node] = field(default_factory=list)


def tree() -> list[Node]:
    teams = list(Team.every.filter(removed_at__isnull=True).order_by("path"))
    nodes = {team.pk: Node(team) for team in teams}
    roots: list[Node] = []
    for team in teams:
        above = nodes.get(team.parent_id or 0)
        (above.below if above else roots).append(nodes[team.pk])
    counted = User.every.filter(removed_at__isnull=True, is_active=True, team__isnull=False).values_list(
        "team__path", flat=True
    )
    for path in counted:
        for part in path.strip("/").split("/"):
            if int(part) in nodes:
                nodes[int(part)].people += 1
    return roots


def members(team: Team | None = None) -> list[dict[str, Any]]:
    """Everybody of a team and those below, or all: with roles, second factor and last use."""
    people = User.every.filter(removed_at__isnull=True).select_related("team").prefetch_related("roles")
    if team is not None:
        people = people.filter(team__path__startswith=team.path)
    people = people.order_by("-is_active", "name_kana", "name")
    factors = set(
        Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
        .values_list("user_id", flat=True)
        .distinct()
    )
    seen = dict(Session.objects.values_list("user_id").annotate(at=Max("seen_at")))
    return [
        {"user": one, "roles": [role for role in one.roles.all() if role.removed_at is None],
         "has_factor": one.pk in factors, "may_log_in": bool(one.email) and one.is_active,
         "waits": one.is_active and bool(one.email) and not one.has_usable_password(),
         "seen": max(filter(None, (seen.get(one.pk), one.last_login)), default=None)}
        for one in people
    ]  # fmt: skip


def roles() -> list[Role]:
    return list(Role.every.filter(removed_at__isnull=True).order_by("-is_admin", "pk"))
