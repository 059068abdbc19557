"""Log-in: allauth's back end and adapters, narrowed to what noren wants."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter

from noren.accounts.models import User


class Backend(AuthenticationBackend):
    """Fetches the user of a session together with the access stamp, in one query; nobody who was switched off."""

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.for_login(user_id)


class Adapter(DefaultAccountAdapter):
    """No sign-up: the first administrator comes by command, colleagues by invitation."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False


class MfaAdapter(DefaultMFAAdapter):
    """TOTP seeds and recovery codes are stored encrypted."""

    def encrypt(self, text: str) -> str:
        from noren.accounts.secret import seal

        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        from noren.accounts.secret import unseal

        return unseal(encrypted_text)


