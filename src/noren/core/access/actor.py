"""Who acts: a person, a key, an automation, or the house itself. Loaded once per request, then plain data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from noren.core.access.rights import Level, Touch

if TYPE_CHECKING:
    from django.db.models import Model as DjangoModel
    from django.http import HttpRequest


MOST = 300  # things remembered for each actor


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, with all that decides what they may do.

    rights: `"sales.deal.view" -> Level`; `"*"` for all nouns or verbs is allowed in either place.
    groups: field group -> Touch; missing means WRITE for `public`, HIDDEN for others.
    team_user_ids: users of the actor's teams and the teams below them, the actor included.
    shared: nouns of which at least one row is shared with the actor.
    lacks_factor: a role asks for a second step at log-in and none is set up. Pages stay closed until then; keys do not care.
    """

    user_id: int | None
    name: str = ""
    rights: Mapping[str, Level] = field(default_factory=dict)
    groups: Mapping[str, Touch] = field(default_factory=dict)
    team_ids: frozenset[int] = frozenset()
    team_user_ids: frozenset[int] = frozenset()
    shared: frozenset[str] = frozenset()
    is_admin: bool = False
    lacks_factor: bool = False
    locale: str = "ja"
    tz: str = "Asia/Tokyo"
    via: str = "page"
    memo: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What was worked out for this actor; gone with it when the access stamp moves."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    @property
    def is_house(self) -> bool:
        return self.user_id is None and self.is_admin

    def level(self, noun: str | type[DjangoModel], verb: str) -> Level:
        """How far `verb` on `noun` reaches for this actor."""
        if self.is_admin:
            return Level.ALL
        word = noun if isinstance(noun, str) else noun._meta.label_lower
        rights = self.rights
        found = [rights[key] for key in (f"{word}.{verb}", f"{word}.*", f"*.{verb}", "*.*") if key in rights]
        return max(found, default=Level.NONE)

    def may(self, noun: str | type[DjangoModel], verb: str) -> bool:
        return self.level(noun, verb) > Level.NONE

    def touch(self, group: str) -> Touch:
        if self.is_admin or group == "public":
            return Touch.WRITE
        return self.groups.get(group, Touch.HIDDEN)

    def through(self, via: str) -> Actor:
        """The same actor by another door (page, api, import, command, rule)."""
        made: Actor = self.remembered(("through", via), lambda: replace(self, via=via))
        return made

    def remembered(self, key: Hashable, work: Callable[[], Any]) -> Any:
        """What `work` gives, worked out once for this actor. The key names all else that it depends on."""
        found = self.memo.get(key)
        if found is None:
            if len(self.memo) >= MOST:
                self.memo.clear()
            found = self.memo[key] = work()
        return found


HOUSE = Actor(user_id=None, name="noren", is_admin=True, via="house")


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request; read once and kept on it. Only call where somebody is logged in."""
    found: Any = getattr(request, "_actor", None)
    if found is None:
        user: Any = request.user
        found = user.actor()
        request._actor = found  # type: ignore[attr-defined]
    return found  # type: ignore[no-any-return]
