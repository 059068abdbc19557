"""The second step of a log-in, and passkeys. Loaded when first asked for: what reads passkeys is slow to load."""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as FactorReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import LoginWebAuthnView
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView as KeyReauthenticateView
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from noren.accounts.pages.gate import Again, digits
from noren.core.page.frame import field, gate_context


class LoginPasskey(LoginWebAuthnView):
    """GET with Accept: application/json gives the options, POST takes the answer of the authenticator."""

    def form_invalid(self, form: Any) -> HttpResponse:
        messages.error(self.request, _("This passkey is not known here. Log in with your password."))
        return HttpResponseRedirect(reverse("account_login"))


class Code(AuthenticateView):
    """The second step: a code of the authenticator app, a recovery code, or a passkey."""

    template_name = "login_code.html"

    def _build_forms(self) -> Any:
        if "code" in self.request.POST:
            data = self.request.POST.copy()
            data["code"] = digits(data["code"])
            self.request.POST = data
        return super()._build_forms()

    def get_context_data(self, **kw: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kw)
        user: Any = self.stage.login.user
        kinds = set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
        form = context["form"]
        errors = [
            str(e)
            for f in (form, context.get("webauthn_form"))
            if f and f.is_bound
            for es in f.errors.values()
            for e in es
        ]
        recovery = self.request.GET.get("with") == "recovery" or "totp" not in kinds
        context |= gate_context(self.request, _("Recovery code") if recovery else _("One-time code"))
        context |= {
            "email": user.email, "error": errors[0] if errors else "", "recovery": recovery,
            "recovery_href": "?with=recovery" if not recovery and "recovery_codes" in kinds else "",
            "code_href": "?" if recovery and "totp" in kinds else "",
            "other_href": reverse("login_other"),
            "passkey_options": json.dumps(context["js_data"]["request_options"]) if "webauthn" in kinds else "",
        }  # fmt: skip
        return context


class AgainByCode(Again, FactorReauthenticateView):
    def asks(self, form: Any, error: str) -> dict[str, Any]:
        return {
            "fields": [
                field(
                    "code",
                    _("One-time code"),
                    error=error,
                    required=True,
                    inputmode="numeric",
                    autocomplete="one-time-code",
                )
            ]
        }


class AgainByPasskey(Again, KeyReauthenticateView):
    def get_context_data(self, **kw: Any) -> dict[str, Any]:
        context = super().get_context_data(**kw)
        return context | {"submit": "", "passkey_options": json.dumps(context["js"]["request_options"])}

    def form_invalid(self, form: Any) -> HttpResponse:
        messages.error(self.request, _("This passkey is not known here."))
        return HttpResponseRedirect(self.request.get_full_path())
