"""Log-in: allauth's back end and adapters, narrowed to what noren wants."""

from __future__ import annotations

import logging
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from noren.accounts.events import LoggedIn, LoginFailed
from noren.accounts.login.address import client_ip
from noren.accounts.login.first import is_first_run
from noren.accounts.login.secret import seal, unseal
from noren.accounts.models import User
from noren.core.access.actor import HOUSE
from noren.core.event.publish import publish

log = logging.getLogger("noren")


class Backend(AuthenticationBackend):
    """Fetches the user of a session together with the access stamp, in one query; nobody who was switched off."""

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.for_login(user_id)

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.is_active and user.removed_at is None)

    def _check_password(self, user: Any, password: str) -> Any:
        """Whoever may not log in gets the answer of a wrong password, in the same time."""
        if user is None:
            return None
        if not user.has_usable_password():
            make_password(password)
            self._did_check_password = True
            return None
        self._did_check_password = True
        good = user.check_password(password)
        return user if good and self.user_can_authenticate(user) else None


class Adapter(DefaultAccountAdapter):
    """No sign-up: the first administrator comes by command, colleagues by invitation."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes and try again."),
        "incorrect_password": _("This is not your present password."),
        "enter_current_password": _("This is not your present password."),
        "rate_limited": _("Too many attempts. Wait a little and try again."),
    }

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses within this very noren; not even another name of it."""
        if not url or not url.startswith("/"):
            return False
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, message_context: Any = None,
        extra_tags: str = "", message: str | None = None,
    ) -> None:  # fmt: skip
        """Our own screens say what was done; only faults come through here."""
        if level == messages.ERROR and message:
            messages.error(request, message)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        messages.error(request, self.error_messages["email_password_mismatch"])
        return HttpResponseRedirect(reverse("account_login"))

    def send_notification_mail(self, *args: Any, **kw: Any) -> None:
        """Facts tell of it; noren sends no mail that nobody asked for."""

    def post_login(self, request: HttpRequest, user: Any, **kw: Any) -> HttpResponse:
        response = super().post_login(request, user, **kw)
        request.session["born"] = request.session["seen"] = int(time.time())
        request.session["ip"] = client_ip(request)
        request.session["agent"] = request.headers.get("User-Agent", "")[:300]
        with transaction.atomic():
            publish(LoggedIn(user.pk, ip=client_ip(request)), by=user.actor())
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = str(credentials.get("email") or "")
        found = User.objects.filter(email__iexact=email).values_list("pk", flat=True).first()
        with transaction.atomic():
            publish(LoginFailed(found or 0, ip=client_ip(request)), by=HOUSE)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return "/welcome/" if is_first_run(request) else str(settings.LOGIN_REDIRECT_URL)

    def is_reauthentication_required(self, *, app: str, **kw: Any) -> bool:
        request = context.request
        return request is None or not is_fresh(request)


class MfaAdapter(DefaultMFAAdapter):
    """TOTP seeds and recovery codes are stored encrypted, bound to the user they belong to."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or it was used already.")
    }

    def encrypt(self, text: str) -> str:
        return seal(text, _whose())

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return unseal(encrypted_text, _whose())
        except ValueError:
            log.error("a second factor cannot be opened: another field key, or the row was tampered with")
            raise self.validation_error("incorrect_code") from None

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": context.request.get_host().partition(":")[0], "name": "noren"}


def _whose() -> str:
    """The user of the session, or the one who is half-way through logging in."""
    request = context.request
    user = request.user
    if not user.is_authenticated:
        user = request._login_stage.login.user
    return f"factor:{user.pk}"


def is_fresh(request: HttpRequest) -> bool:
    """Whether this person proved in the last 15 minutes who they are. Always true for someone without any means."""
    user: Any = request.user
    records = get_authentication_records(request, user)
    last = max((record.get("at", 0.0) for record in records), default=0.0)
    if time.time() - last < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        return True
    return not get_reauthentication_flows(user)


def demand_fresh(request: HttpRequest) -> None:
    """Call before a sensitive change: sends the person to prove themselves, and then back to what they were doing."""
    if not is_fresh(request):
        raise ReauthenticationRequired
