"""Next step and last contact, kept beside every noun they matter to, equal to what the activities say.

The three columns (`next_step`, `next_step_at`, `last_touch_at`) are written by nothing else, in the transaction of the
activity itself, a few statements for however many activities. Their rows keep their version and their time of change:
nobody's edit may conflict because a colleague logged a call.

Rows are locked before they are counted up, so that of two people who log at once the later one sees both; and always in
the same order (what it is about, people, companies; by id), so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Q

from noren.activity.models import Activity
from noren.contacts.models import Company, Person
from noren.core.base.model import Model

CHECKED = 50_000  # ids looked at in one statement

ABOUT: dict[str, type[Model]] = {}
"""Nouns that an activity may be about and that keep the three columns: word -> model."""
WAITING: dict[str, tuple[Q, str]] = {}
"""Of these nouns: which rows should have a next step, and the list of the reader's own that have none."""


def keep_beside(model: type[Model], *, waits: Q | None = None, lacking: str = "") -> type[Model]:
    """Say that rows of this noun carry next step and last contact. Upper modules declare theirs in `reactions`.

    waits: which rows should have a next step; lacking: address of the list of one's own without one."""
    ABOUT[model.word()] = model
    if waits is not None:
        WAITING[model.word()] = (waits, lacking)
    return model


@dataclass(slots=True)
class Touched:
    """The rows whose three columns may be out of date."""

    companies: set[int] = field(default_factory=set)
    people: set[int] = field(default_factory=set)
    about: dict[str, set[int]] = field(default_factory=dict)

    def add(self, column: str, key: object, noun: str = "") -> None:
        if not isinstance(key, int):
            return
        if column == "company":
            self.companies.add(key)
        elif column == "person":
            self.people.add(key)
        elif noun in ABOUT:
            self.about.setdefault(noun, set()).add(key)


def touched_by(ids: Iterable[int]) -> Touched:
    """Whom these activities are with, living or in the bin."""
    found = Touched()
    rows = Activity.system("next steps follow activities").filter(pk__in=list(ids))
    for company, person, noun, about in rows.values_list("company_id", "person_id", "about_noun", "about_id"):
        found.add("company", company)
        found.add("person", person)
        found.add("about", about, noun)
    return found


def mirror(rows: Touched) -> None:
    """Write the three columns of these rows anew."""
    with transaction.atomic():
        for word in sorted(rows.about):
            _write(ABOUT[word], rows.about[word], word)
        _write(Person, rows.people)
        _write(Company, rows.companies)


def mirror_all() -> None:
    """Write every row anew (after a restore, or when `differences` found something)."""
    for model, word in _mirrors():
        ids = list(model.system("next steps of all rows").order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), 5000):
            with transaction.atomic():
                _write(model, set(ids[start : start + 5000]), word)


def differences(limit: int = 20) -> list[str]:
    """Rows whose columns are not what their activities say: empty when all is well."""
    found: list[str] = []
    for model, word in _mirrors():
        last = model.system("next steps are checked").order_by("-pk").values_list("pk", flat=True).first() or 0
        for start in range(0, last + 1, CHECKED):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT t.id FROM {model._meta.db_table} t, LATERAL ({_truth(model, word, 't.id')}) n "  # noqa: S608  (names are ours)
                    f"WHERE t.id >= %s AND t.id < %s AND {DIFFERS} ORDER BY t.id LIMIT %s",
                    [start, start + CHECKED, limit],
                )
                found += [f"{model.word()} {pk}" for (pk,) in cursor.fetchall()]
            if len(found) >= limit:
                return found[:limit]
    return found


def _mirrors() -> list[tuple[type[Model], str]]:
    """Every noun that keeps the columns, with its word when activities name it by word."""
    return [*((model, word) for word, model in ABOUT.items()), (Person, ""), (Company, "")]


DIFFERS = "(t.next_step, t.next_step_at, t.last_touch_at) IS DISTINCT FROM (n.step, n.due_at, n.happened_at)"


def _write(model: type[Model], ids: set[int], word: str = "") -> None:
    if not ids:
        return
    table, listed = model._meta.db_table, sorted(ids)
    with connection.cursor() as cursor:
        # Locked in one statement and counted in the next: what others committed while we waited is then in sight.
        cursor.execute(f"SELECT 1 FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [listed])  # noqa: S608
        cursor.execute(
            f"UPDATE {table} t SET next_step = n.step, next_step_at = n.due_at, last_touch_at = n.happened_at "  # noqa: S608
            f"FROM (SELECT s.id, w.* FROM unnest(%s::bigint[]) s(id), LATERAL ({_truth(model, word, 's.id')}) w) n "
            f"WHERE t.id = n.id AND {DIFFERS}",
            [listed],
        )


def _truth(model: type[Model], word: str, key: str) -> str:
    """One row (step, due_at, happened_at): the earliest open step and the latest contact of the row with this id."""
    at = f"a.about_noun = '{word}' AND a.about_id = {key}" if word else f"a.{model._meta.model_name}_id = {key}"
    kinds = ", ".join(f"'{kind}'" for kind in Activity.TOUCHES)
    living = f"FROM activity_activity a WHERE {at} AND a.removed_at IS NULL"
    return (
        "SELECT COALESCE(p.step, '') AS step, p.due_at, d.happened_at FROM (SELECT 1) one "  # noqa: S608
        "LEFT JOIN LATERAL (SELECT left(COALESCE(NULLIF(a.subject, ''), split_part(a.body, chr(10), 1)), 255) AS step, a.due_at "
        f"{living} AND a.due_at IS NOT NULL AND a.done_at IS NULL ORDER BY a.due_at, a.id LIMIT 1) p ON true "
        f"LEFT JOIN LATERAL (SELECT a.happened_at {living} AND a.kind IN ({kinds}) "
        "AND (a.due_at IS NULL OR a.done_at IS NOT NULL) ORDER BY a.happened_at DESC LIMIT 1) d ON true"
    )
