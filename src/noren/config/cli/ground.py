"""What a command stands on: settings read, database running, Django loaded."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noren.config.env import Env
    from noren.core.access.actor import Actor


class Refused(Exception):
    """A command will not or cannot do it; the text is the one line its user reads. Exit code 1."""


def refusals() -> tuple[type[Exception], ...]:
    """The errors whose text is meant for the user of a command; only what was loaded could have been raised."""
    names = (
        ("noren.config.env", "Misset"),
        ("noren.config.postgres", "PostgresError"),
        ("noren.config.processes", "ServeError"),
        ("noren.core.base.errors", "Refusal"),
        ("noren.core.filter.condition", "BadFilter"),
    )
    loaded = (getattr(sys.modules[module], name, None) for module, name in names if module in sys.modules)
    return (Refused, *(one for one in loaded if one is not None))


@contextlib.contextmanager
def ground(*, up_to_date: bool = True) -> Iterator[Env]:
    """Settings, a running database with its tables (`up_to_date`), and Django; for as long as the block lasts."""
    from noren.config import env as settings
    from noren.config import postgres, processes

    env = settings.load()
    with postgres.using(env, say=tell):
        processes.check_database(env)
        processes.set_up()
        from django.db import connections

        try:
            if up_to_date:
                processes.bring_up_to_date(env, say=tell)
                _speak()
            yield env
        finally:
            connections.close_all()  # also ends the pool's threads, or the database could not stop
            for one in connections.all(initialized_only=True):
                close = getattr(one, "close_pool", None)
                if close:
                    close()


def _speak() -> None:
    """Labels and files in the language of the firm."""
    from django.utils import translation

    from noren.core.access.models import Firm

    locale = Firm.objects.order_by("pk").values_list("locale", flat=True).first()
    if locale:
        translation.activate(locale)


def tell(text: str) -> None:
    """A remark on what is going on; on standard error, so that output can be piped."""
    print(text, file=sys.stderr, flush=True)


def acting(email: str | None, via: str = "command") -> Actor:
    """Whose eyes and rights a command has: the given user's, else the house's."""
    from django.utils.translation import gettext as _

    from noren.accounts.models import User
    from noren.core.access.actor import HOUSE

    if email is None:
        return HOUSE.through(via)
    user = User.objects.filter(email__iexact=email, is_active=True, removed_at__isnull=True).first()
    if user is None:
        raise Refused(_("There is no active user with the address %(email)s.") % {"email": email})
    return user.actor(via)
