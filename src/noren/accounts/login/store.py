"""Sessions in the database under the digest of their key, read in plain words since every page asks for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from noren.accounts.models import Session, User
from noren.accounts.models.key import digest_of
from noren.accounts.models.user import ROW_SIGN, STAMP
from noren.core.base.kept import kept


def _rows(digest: str, now: datetime) -> QuerySet[Any]:
    """The session, who holds it, and the access stamp: one query for what every page asks."""
    return Session.objects.filter(digest=digest, until__gt=now).values_list(
        "data", "user__is_active", "user__removed_at", "user_id", ROW_SIGN, STAMP
    )


class SessionStore(SessionBase):
    """What Django asks of a store; `session_key` is the secret in the cookie and never leaves for the database.

    `holder` is whose it is by the table; `sessions.person_of` looks whether what the session itself says agrees.
    """

    holder: User | None = None

    def load(self) -> dict[str, Any]:
        found = next(iter(kept("session", _rows, digest_of(self.session_key or ""), timezone.now())), None)
        if found is None:
            self._session_key = None
            return {}
        data, is_active, removed_at, *holder = found
        self.holder = User.objects.known(*holder) if is_active and removed_at is None else None
        return self.decode(data)

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(digest=digest_of(session_key)).exists()

    def create(self) -> None:
        self._session_key = get_random_string(32, VALID_KEY_CHARS)
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError when the session was ended meanwhile: it does not come back."""
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # not in the stubs
        digest = digest_of(self.session_key)
        values = {
            "data": self.encode(data), "until": self.get_expiry_date(), "user_id": data.get(SESSION_KEY),
            "seen_at": timezone.now(),
        }  # fmt: skip
        if not must_create:
            if not Session.objects.filter(digest=digest).update(**values):
                raise UpdateError
            return None
        try:
            with transaction.atomic():
                Session.objects.create(digest=digest, **values)
        except IntegrityError as fault:
            raise CreateError from fault
        return None

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(digest=digest_of(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(until__lt=timezone.now()).delete()
