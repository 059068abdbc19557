"""Why somebody may or may not do something with a record, in sentences; and what would change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.accounts.models import User
from noren.core.access.actor import Actor
from noren.core.access.models import Role, Share
from noren.core.access.rights import LEVEL_WORDS, Level, Touch
from noren.core.access.scope import visible
from noren.core.base.model import Model

VERBS = ("view", "edit", "export")


@dataclass(frozen=True, slots=True)
class Line:
    """One rule that had a say. `good`: it speaks for; icon from the sheet."""

    text: str
    note: str = ""
    good: bool = False
    icon: str = "x"


@dataclass(frozen=True, slots=True)
class Way:
    """A change that would allow it; `touches` tells how much else it would change."""

    text: str
    href: str
    icon: str
    touches: str


@dataclass(slots=True)
class Why:
    verdicts: dict[str, bool]
    lines: list[Line] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)


def verb_word(verb: str) -> str:
    return {
        "view": _("See"), "create": _("Create"), "edit": _("Edit"), "remove": _("Remove"), "export": _("Export"),
        "assign": _("Give away"), "share": _("Share"), "close": _("Win or lose"),
    }.get(verb, verb)  # fmt: skip


def level_word(level: Level) -> str:
    return {Level.NONE: _("none"), Level.OWN: _("own"), Level.TEAM: _("team"), Level.ALL: _("all")}[level]


def touch_word(touch: Touch) -> str:
    return {Touch.HIDDEN: _("hidden"), Touch.READ: _("read"), Touch.WRITE: _("write")}[touch]


def group_word(group: str) -> str:
    return {"public": _("Public"), "money": _("Amounts"), "private": _("Private"), "secret": _("Secret")}[group]


def why(user: User, row: Model) -> Why:
    """Ask the one function that decides, and then say which rules made it decide so."""
    actor = user.actor()
    model = type(row)
    active = user.is_active and user.removed_at is None
    told = Why({verb: active and visible(model, actor, verb).filter(pk=row.pk).exists() for verb in VERBS})
    if not active:
        told.lines.append(Line(_("{name} may not log in").format(name=user.name), good=False, icon="lock"))
        return told
    if actor.is_admin:
        role = user.roles.filter(is_admin=True).values_list("name", flat=True).first() or ""
        told.lines.append(Line(_("The role “{role}” may do everything").format(role=role), good=True, icon="check"))
        return told
    _inherited(told, row, actor)
    for verb in VERBS:
        told.lines.append(_by_role(told, user, actor, row, verb))
    told.lines.extend(_by_shares(user, actor, row))
    told.lines.append(_fields(actor))
    told.ways.extend(_ways(told, user, row))
    return told


def _inherited(told: Why, row: Model, actor: Actor) -> None:
    rule = type(row).reach
    if rule.open_to_all:
        name = str(row._meta.verbose_name_plural)
        told.lines.append(
            Line(_("Everybody who is logged in may see {nouns}").format(nouns=name), good=True, icon="check")
        )
    for path in rule.parents:
        parent: Any = getattr(row, path, None)
        if parent is not None:
            seen = visible(type(parent), actor).filter(pk=parent.pk).exists()
            text = _("To see it is to see {parent}").format(parent=parent)
            told.lines.append(Line(text, _("It has no owner of its own that counts."), seen, "link"))
            return


def _role_of(user: User, noun: str, verb: str) -> tuple[str, Level]:
    """The role that reaches furthest for a verb."""
    best = ("", Level.NONE)
    for role in user.roles.filter(removed_at__isnull=True):
        for key in (f"{noun}.{verb}", f"{noun}.*", f"*.{verb}", "*.*"):
            level = LEVEL_WORDS.get(role.rights.get(key, "none"), Level.NONE)
            if level > best[1] or not best[0]:
                best = (role.name, level)
    return best


def _by_role(told: Why, user: User, actor: Actor, row: Model, verb: str) -> Line:
    name, level = _role_of(user, row.word(), verb)
    said = {"role": name, "verb": verb_word(verb), "nouns": str(row._meta.verbose_name_plural)}
    good = told.verdicts[verb]
    if not name:
        return Line(_("{name} has no role").format(name=user.name), good=False)
    if level is Level.NONE:
        text = _("{verb}: the role “{role}” does not allow it for {nouns}").format(**said)
    elif level is Level.OWN:
        text = _("{verb}: the role “{role}” reaches {nouns} of one's own").format(**said)
    elif level is Level.TEAM:
        text = _("{verb}: the role “{role}” reaches {nouns} of the team").format(**said)
    else:
        text = _("{verb}: the role “{role}” reaches all {nouns}").format(**said)
    return Line(text, _owner_note(user, actor, row), good, "check" if good else "x")


def _owner_note(user: User, actor: Actor, row: Model) -> str:
    path = type(row).reach.owner
    if not path or "__" in path:
        return ""
    owner: Any = getattr(row, path, None)
    if owner is None:
        return _("Nobody owns it.")
    if owner.pk == user.pk:
        return _("{name} owns it.").format(name=user.name)
    if owner.pk in actor.team_user_ids:
        return _("{owner} owns it, of the same team as {name}.").format(owner=owner.name, name=user.name)
    return _("{owner} owns it, of another team than {name}.").format(owner=owner.name, name=user.name)


def _by_shares(user: User, actor: Actor, row: Model) -> list[Line]:
    lines = []
    rows = Share.objects.filter(Q(user_id=user.pk) | Q(team_id__in=actor.team_ids), noun=row.word(), row_id=row.pk)
    for share in rows.select_related("shared_by", "team"):
        live = share.until is None or share.until > timezone.now()
        until = date_format(timezone.localtime(share.until), "DATE_FORMAT") if share.until else ""
        if not live:
            text = _("A share ended on {day}").format(day=until)
        elif share.may_edit:
            text = (
                _("It is shared for editing until {day}").format(day=until) if until else _("It is shared for editing")
            )
        else:
            text = (
                _("It is shared for reading until {day}").format(day=until) if until else _("It is shared for reading")
            )
        by = _("by {name}").format(name=share.shared_by.name) if share.shared_by else ""
        lines.append(Line(text, by, live, "share" if live else "clock"))
    return lines


def _fields(actor: Actor) -> Line:
    groups = ("money", "private", "secret")
    text = ", ".join(f"{group_word(g)}: {touch_word(actor.touch(g))}" for g in groups)
    return Line(_("Field groups: {groups}").format(groups=text), good=True, icon="eye")


def _ways(told: Why, user: User, row: Model) -> list[Way]:
    missing = next((verb for verb in VERBS if not told.verdicts[verb]), None)
    if missing is None:
        return []
    ways = []
    if missing != "export" and not type(row).reach.parents and type(row).reach.owner:
        ways.append(
            Way(_("Share only this record"), f"/share/{row.word()}/{row.pk}/", "share", _("1 person, 1 record"))
        )
    role = user.roles.filter(removed_at__isnull=True).order_by("name").first()
    if role is not None:
        people = people_with(role)
        text = _("Change the role “{role}”").format(role=role.name)
        ways.append(
            Way(
                text,
                f"/settings/people/?role={role.pk}#role",
                "person",
                ngettext("touches {n} person", "touches {n} people", people).format(n=people),
            )
        )
    ways.append(Way(_("Give another role"), f"/settings/people/{user.pk}/", "assign", _("1 person")))
    return ways


def people_with(role: Role) -> int:
    """Colleagues who may log in and hold the role."""
    return User.every.filter(roles=role, is_active=True, removed_at__isnull=True).count()
