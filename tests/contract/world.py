"""A world around one actor: a row of every noun in every relation, each with a canary in its texts."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import connection, models
from django.utils import timezone

from noren.accounts.models import ApiKey, User
from noren.core.access.models import Role, Share
from noren.core.access.scope import nouns
from noren.core.base.model import Model
from tests import make
from tests.contract.calls import key
from tests.contract.truth import LEVELS, RELATIONS

WORDS = ("none", "own", "team", "all")
_numbers = count(1000)
CANARY = re.compile(r"canary(\d+)q")
CANARIES: dict[int, tuple[str, str]] = {}
"""The noun and the relation of every canary of every world: one may meet reference data that another one made."""


def shape(model: type[Model]) -> str:
    rule = model.reach
    if rule.open_to_all:
        return "open"
    if rule.parents or rule.about:
        return "about" if rule.owner else "child"
    return "owned"


class World:
    """`rows[word, relation]` is a living row, `binned[word, relation]` one in the bin."""

    def __init__(self, actor: str, models_: list[type[Model]] | None = None) -> None:
        top = make.team()
        below, away = make.team(parent=top), make.team()
        self.me = make.user(None, team=top)
        people = {
            "own": self.me, "same team": make.user(None, team=top), "team below": make.user(None, team=below),
        }  # fmt: skip
        stranger = make.user(None, team=away)
        self.owners = {relation: people.get(relation, stranger) for relation in RELATIONS}
        self.rows: dict[tuple[str, str], Any] = {}
        self.binned: dict[tuple[str, str], Any] = {}
        for relation in RELATIONS:
            for model in models_ or nouns():
                self.row(model, relation)
                twin = self._build(model, relation)
                model.every.filter(pk=twin.pk).update(removed_at=timezone.now())
                self.binned[model.word(), relation] = twin
        self.become(actor)

    def become(self, actor: str) -> None:
        """The one around whom it all stands gets the rights of this actor (there must be none yet), and a key."""
        self.actor = actor
        if actor == "admin":
            self.me.roles.add(Role.every.get(key="admin"))
        elif levels := LEVELS[actor]:
            rights = {f"*.{verb}": WORDS[level] for verb, level in levels.items()}
            role = Role(
                name=f"as {actor} {next(_numbers)}",
                rights=rights,
                groups=dict.fromkeys(("money", "private", "secret"), "write"),
            )
            role.save()
            self.me.roles.add(role)
        self.me.save()
        self.me = User.objects.get(pk=self.me.pk)
        self.secret = "" if actor == "anonymous" else key(self.me, "read" if actor == "read key" else "write")
        if actor == "disabled":
            make.user("admin")
            User.every.filter(pk=self.me.pk).update(is_active=False)
        ApiKey.every.filter(user=self.me).update(last_used_at=timezone.now() + timedelta(days=1))

    def row(self, model: type[Model], relation: str) -> Any:
        if (model.word(), relation) not in self.rows:
            self.rows[model.word(), relation] = self._build(model, relation)
        return self.rows[model.word(), relation]

    def _build(self, model: type[Model], relation: str) -> Any:
        """The least row, its texts marked, its owner or its parent in the relation."""
        number = next(_numbers)
        CANARIES[number] = (model.word(), relation)
        rule = model.reach
        values: dict[str, Any] = {}
        for column in model._meta.concrete_fields:
            value = self._value(model, column, relation, f"canary{number}q")
            if value is not None:
                values[column.name] = value
        if rule.about:
            values |= {"about_noun": "sales.deal", "about_id": self.row(_model("sales.deal"), relation).pk}
        row = model(**values)
        row.save()
        if relation.startswith("shared") and shape(model) == "owned":
            Share(noun=model.word(), row_id=row.pk, user=self.me, may_edit=relation == "shared edit").save()
        return row

    def _value(self, model: type[Model], column: Any, relation: str, canary: str) -> Any:
        rule = model.reach
        if column.name == rule.owner:
            return self.owners[relation]
        if isinstance(column, models.ForeignKey):
            if column.name in rule.parents and not rule.about:
                return self.row(column.related_model, relation)
            if not column.null and issubclass(column.related_model, Model):
                return self._any(column.related_model)
            return None
        if column.primary_key or column.name in (
            "external_id",
            "removed_at",
            "path",
            "key",
            "noun",
            "currency",
            "password",
        ):
            return "contacts.company" if column.name == "noun" else canary if column.name == "key" else None
        if (
            column.get_internal_type() == "DecimalField"
            and column.editable
            and column.max_digits - column.decimal_places > 4
        ):
            return int(canary[6:-1])
        if column.choices or (column.has_default() and column.default != ""):
            return column.choices[0][0] if column.choices and not column.has_default() else None
        if column.get_internal_type() in ("CharField", "TextField"):
            fits = (column.max_length or 999) >= len(canary)
            return f"{canary}@example.jp" if column.name == "email" else canary if fits and not _odd(column) else None
        if not column.null and column.get_internal_type().endswith("IntegerField"):
            return 1
        return None

    def _any(self, model: type[Model]) -> Any:
        """Reference data that must be there: what is there already, else anything."""
        found = model.every.filter(removed_at__isnull=True).order_by("pk").first()
        return found or self.row(model, "foreign")

    def seen(self, text: str) -> set[tuple[str, str]]:
        """Whose canaries sing in a text."""
        return {CANARIES[int(n)] for n in CANARY.findall(text)}


def _odd(column: Any) -> bool:
    return column.name in (
        "corporate_number",
        "invoice_number",
        "postal_code",
        "url",
        "name_kana",
        "family_kana",
        "given_kana",
    )


def _model(word: str) -> type[Model]:
    return next(model for model in nouns() if model.word() == word)


def digest() -> str:
    """All that the database holds, as one word (sessions aside: they note when they were used; and that a file was given
    out, which is noted by being read)."""
    with connection.cursor() as cursor:
        names = [
            t for t in connection.introspection.table_names(cursor) if t not in ("accounts_session", "noren_cache")
        ]
        parts = [
            f"SELECT '{n}' n, count(*) c, sum(hashtextextended(t::text, 0)::numeric) h FROM \"{n}\" t"
            + (" WHERE name <> 'record.export.made'" if n == "event_fact" else "")
            for n in sorted(names)
        ]
        cursor.execute(
            f"SELECT md5(string_agg(n || c || coalesce(h, 0), ',' ORDER BY n)) FROM ({' UNION ALL '.join(parts)}) d"
        )
        return str(cursor.fetchone()[0])
