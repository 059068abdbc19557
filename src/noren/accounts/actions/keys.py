"""API keys: made once, shown once, revoked for good."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.accounts.actions.people import demand_admin
from noren.accounts.events import KeyIssued, KeyRevoked
from noren.accounts.models import ApiKey
from noren.accounts.models.key import digest_of, new_secret
from noren.core.access.actor import Actor
from noren.core.base.errors import Forbidden, Invalid, NotFound
from noren.core.event.publish import publish


def issue_key(name: str, scope: str = "read", expires_on: date | None = None, *, by: Actor) -> tuple[ApiKey, str]:
    """A key of the actor's own, and its secret, which is not kept: show it now or never."""
    name = name.strip()
    if by.user_id is None:
        raise Forbidden
    if not name:
        raise Invalid(name=str(_("Say what the key is for.")))
    if scope not in dict(ApiKey.SCOPES):
        raise Invalid(scope=str(_("Choose one of the scopes shown.")))
    if expires_on is not None and expires_on < timezone.localdate():
        raise Invalid(expires_on=str(_("This day has passed already.")))
    secret = new_secret()
    with transaction.atomic():
        key = ApiKey(
            user_id=by.user_id,
            name=name[:80],
            scope=scope,
            expires_on=expires_on,
            start=secret[:8],
            digest=digest_of(secret),
        )
        key.save()
        publish(KeyIssued(key.pk, scope=scope, expires_on=expires_on.isoformat() if expires_on else None), by=by)
    return key, secret


def revoke_key(key_id: int, *, by: Actor) -> ApiKey:
    """End a key: one's own, or anybody's for an administrator. It stays in the list as revoked."""
    with transaction.atomic():
        key = ApiKey.every.select_for_update(of=("self",)).filter(pk=key_id).first()
        if key is None or (key.user_id != by.user_id and not by.is_admin):
            raise NotFound
        if key.user_id != by.user_id:
            demand_admin(by)
        if key.revoked_at is None:
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            publish(KeyRevoked(key.pk), by=by)
    return key
