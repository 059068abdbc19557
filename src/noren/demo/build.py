"""Build the demo firm into an empty database, in one transaction; and take it away again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from noren.accounts.models import User
from noren.activity.models import Attachment
from noren.activity.models.attachment import stored_at
from noren.contacts.models import Company, Person
from noren.core.access.firm import forget
from noren.core.access.models import Firm, Stamp, bump
from noren.core.action.plain import plain_event
from noren.core.event.models import Fact
from noren.core.record.intake.write import tell
from noren.demo import customers
from noren.demo.days import Clock
from noren.demo.ground import LOGINS, address, lay
from noren.demo.languages import words
from noren.demo.selling import Told, deals, standings
from noren.demo.talking import talk
from noren.sales.models import Deal, DealLine, DealSpan

SEED = 20_261_125


@dataclass(frozen=True, slots=True)
class Login:
    role: str
    name: str
    email: str


def is_empty() -> bool:
    """Whether nobody has begun to work here: no colleagues, no customers."""
    return not (User.every.exists() or Company.every.exists() or Person.every.exists())


def is_demo() -> bool:
    return Firm.objects.filter(is_demo=True).exists()


def build(language: str, password: str, now: datetime | None = None) -> None:
    """Fill an empty database. The same day tells the same story (`now`, for tests)."""
    zone = ZoneInfo("Asia/Tokyo")
    moment = (now or timezone.now()).astimezone(zone)
    clock = Clock(moment.date(), moment, zone, Random(SEED))  # noqa: S311  (a story, not a secret)
    with transaction.atomic():
        ground = lay(words(language), password, clock.today)
        firms = customers.companies(ground, clock)
        persons = customers.people(ground, clock, firms)
        sold = deals(ground, clock, firms, persons)
        standings(firms, sold, clock)
        customers.write(Company, firms)
        customers.write(Person, persons)
        customers.careers(ground, clock, firms, persons)
        customers.write(Deal, sold.deals)
        DealLine.every.bulk_create(sold.lines)
        told: list[Told] = [(plain_event(Company, "created")(row.id), row.created_at, row.owner) for row in firms]
        told += [(plain_event(Person, "created")(row.id), row.created_at, row.owner) for row in persons]
        told += sold.facts
        told += talk(ground, clock, firms, persons, sold)
        _keep(told, moment)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _keep(told: list[Told], moment: datetime) -> None:
    """Facts and spans were learned when they happened, each from the colleague who did it."""
    for user in {owner.pk: owner for _event, _at, owner in told}.values():
        own = sorted(((event, at) for event, at, owner in told if owner.pk == user.pk), key=lambda pair: pair[1])
        tell(own, by=user.actor(), batch=None)
    for table, when in ((Fact._meta.db_table, "at"), (DealSpan._meta.db_table, "from_at")):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET recorded_at = {when} WHERE {when} < %s", [moment])  # noqa: S608  (our names)


def logins() -> list[Login]:
    """Who may log in to the demo, one for each role and two sellers."""
    house = Firm.objects.get(is_demo=True)
    spoken = words(house.locale)
    return [Login(role, spoken.colleagues[place][0], address(spoken, place)) for role, place in LOGINS]


def set_password(password: str) -> None:
    """One password for all log-ins of the demo."""
    emails = [one.email for one in logins()]
    User.every.filter(email__in=emails).update(password=make_password(password))


def remove() -> None:
    """Take everything away that this database holds: it is the demo's, and all that was tried out in it."""
    digests = set(Attachment.system("files of the demo").values_list("digest", flat=True))
    keep = {Stamp._meta.db_table, "django_content_type", "auth_permission", "django_migrations"}
    tables = [
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.db_table not in keep
    ]
    tables = [name for name in tables if not name.startswith("procrastinate")]
    with transaction.atomic(), connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        listed = ", ".join(f'"{name}"' for name in tables if name in there)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what this transaction still had to check
        cursor.execute(f"TRUNCATE {listed} RESTART IDENTITY CASCADE")
        bump()
    forget()
    for digest in digests:
        Path(stored_at(digest)).unlink(missing_ok=True)
