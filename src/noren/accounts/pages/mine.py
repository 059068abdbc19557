"""What everybody sets for themselves: profile, password, second factors, sessions."""

from __future__ import annotations

import json
import re
from typing import Any
from zoneinfo import available_timezones

from allauth.account.decorators import reauthentication_required
from allauth.account.forms import ChangePasswordForm
from allauth.account.internal import flows as account_flows
from allauth.core import ratelimit
from allauth.mfa.adapter import get_adapter as factor_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import flows as code_flows
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import flows as totp_flows
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from noren.accounts.actions.people import end_sessions_of, told_password_change
from noren.accounts.events import CodesRenewed, FactorAdded, FactorRemoved
from noren.accounts.models import User
from noren.accounts.models.key import digest_of
from noren.accounts.pages.agents import device
from noren.accounts.pages.gate import digits
from noren.core.access.actor import actor_of
from noren.core.access.models import bump
from noren.core.action.door import invalid_from
from noren.core.action.plain import plain_event
from noren.core.base.errors import Invalid
from noren.core.event.publish import publish
from noren.core.page.frame import field, page, with_faults

fresh = reauthentication_required(app="allauth.mfa")
MINE = ("name", "name_kana", "locale", "theme", "density", "tz")


def zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(available_timezones()) if "/" in name and not name.startswith("Etc/")]


def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, look and time zone. The log-in address is changed by an administrator."""
    user: Any = request.user
    fault = None
    if request.method == "POST":
        try:
            _save_profile(user, request)
        except Invalid as no:
            fault = no
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("settings_profile"))
    fields = [
        field("name", _("Name"), value=user.name, required=True, autocomplete="name"),
        field("name_kana", _("Reading"), value=user.name_kana),
        field("locale", _("Language"), "select", user.locale, options=User.LANGUAGES),
        field("tz", _("Time zone"), "select", user.tz, options=zones()),
        field("theme", _("Appearance"), "radio", user.theme, options=User.THEMES),
        field("density", _("Row height"), "radio", user.density, options=User.DENSITIES),
    ]
    if fault:
        with_faults(fields, fault, request.POST)
    form = {"action": request.path, "fields": fields, "submit": _("Save")}
    section = {
        "title": user.email or user.name,
        "note": _("An administrator can change the address you log in with."),
        "form": form,
    }
    return page(request, "profile", sections=[section], status=422 if fault else 200)


def _save_profile(user: Any, request: HttpRequest) -> None:
    from django.core.exceptions import ValidationError

    row = User.every.get(pk=user.pk)
    values = {name: request.POST.get(name, getattr(row, name)) for name in MINE}
    if values["tz"] not in available_timezones():
        raise Invalid(tz=_("Choose one from the list."))
    before = {name: getattr(row, name) for name in MINE}
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.clean_fields(exclude=[f.name for f in User._meta.fields if f.name not in MINE])
    except ValidationError as bad:
        raise invalid_from(bad) from bad
    changes = {n: [before[n], getattr(row, n)] for n in MINE if before[n] != getattr(row, n)}
    if changes:
        with transaction.atomic():
            row.save(update_fields=list(MINE))
            publish(plain_event(User, "changed")(row.pk), by=user.actor(), changes=[changes])


def security(request: HttpRequest) -> HttpResponse:
    """How one gets in: password, passkeys, authenticator app, recovery codes, and where one is logged in."""
    user: Any = request.user
    found = list(Authenticator.objects.filter(user_id=user.pk).order_by("created_at"))
    totp = next((a for a in found if a.type == Authenticator.Type.TOTP), None)
    codes = next((a for a in found if a.type == Authenticator.Type.RECOVERY_CODES), None)
    keys = [a for a in found if a.type == Authenticator.Type.WEBAUTHN]
    here = digest_of(request.session.session_key or "")
    context = {
        "totp": totp,
        "codes_left": 10 - codes.data["used_mask"].bit_count() if codes else None,
        "passkeys": [{"id": a.pk, "name": a.wrap().name, "made": a.created_at, "used": a.last_used_at} for a in keys],
        "sessions": [
            {"id": s.pk, "device": device(told.get("agent", "")), "ip": told.get("ip", ""), "seen": s.seen_at,
             "is_current": s.digest == here}
            for s in user.sessions.order_by("-seen_at")
            for told in (request.session.decode(s.data),)
        ],
        "must": actor_of(request).lacks_factor,
        "has_password": user.has_usable_password(),
        "headline": _("Two steps protect this log-in") if totp or keys else _("Only a password protects this log-in"),
    }  # fmt: skip
    return page(request, "security", template="accounts/security.html", **context)


def _factors_are(request: HttpRequest, fact: type[FactorAdded | FactorRemoved], kind: str) -> None:
    """Other factors: everybody else who is logged in as this person is out, and this session gets a new id."""
    actor = actor_of(request)
    with transaction.atomic():
        publish(fact(actor.user_id or 0, kind=kind), by=actor)
        bump()
    _only_here(request)


def _only_here(request: HttpRequest) -> None:
    user: Any = request.user
    end_sessions_of(user, by=actor_of(request), except_key=request.session.session_key)
    request.session.cycle_key()


@sensitive_post_parameters("oldpassword", "password1", "password2")
def password(request: HttpRequest) -> HttpResponse:
    """Change the password. All other sessions end."""
    user: Any = request.user
    form = None
    if request.method == "POST":
        blocked = ratelimit.consume_or_429(request, action="change_password", user=user)
        if blocked:
            return blocked
        form = ChangePasswordForm(data=request.POST, user=user)
        if form.is_valid():
            form.save()
            account_flows.password_change.finalize_password_change(request, user)
            told_password_change(user, by=actor_of(request))
            _only_here(request)
            messages.success(request, _("The password is changed. All other devices are logged out."))
            return HttpResponseRedirect(reverse("mfa_index"))
    errors = form.errors if form is not None else {}
    fields = [
        field("oldpassword", _("Present password"), "password", required=True, autocomplete="current-password"),
        field("password1", _("New password"), "password", required=True, autocomplete="new-password",
              hint=_("At least 12 characters. A sentence is good.")),
        field("password2", _("The same again"), "password", required=True, autocomplete="new-password"),
    ]  # fmt: skip
    for one in fields:
        one["error"] = " ".join(errors.get(one["name"], ()))
    section = {"title": _("Change the password"), "note": _("All other devices are logged out then."),
               "form": {"action": request.path, "fields": fields, "submit": _("Change the password")}}  # fmt: skip
    return page(request, "security", sections=[section], status=422 if errors else 200)


@fresh
def totp(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app: scan, type one code, keep the recovery codes."""
    user: Any = request.user
    if Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists():
        return HttpResponseRedirect(reverse("mfa_index"))
    data = None
    if request.method == "POST":
        data = {"code": digits(request.POST.get("code", ""))}
    form = ActivateTOTPForm(data=data, user=user)
    if data is not None and form.is_valid():
        _auth, made_codes = totp_flows.activate_totp(request, form)
        _factors_are(request, FactorAdded, "totp")
        return _show_codes(request) if made_codes else HttpResponseRedirect(reverse("mfa_index"))
    adapter = factor_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(user, form.secret))
    secret = " ".join(form.secret[i : i + 4] for i in range(0, len(form.secret), 4))
    error = " ".join(form.errors.get("code", ())) if form.is_bound else ""
    code = field(
        "code",
        _("The six digits it shows now"),
        required=True,
        inputmode="numeric",
        autocomplete="one-time-code",
        error=error,
    )
    return page(
        request, "security", template="accounts/totp.html", status=422 if error else 200,
        qr=SafeString(svg), secret=secret, fields=[code],
    )  # fmt: skip


@require_POST
@fresh
def totp_remove(request: HttpRequest) -> HttpResponse:
    found = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP).first()
    if found is not None:
        totp_flows.deactivate_totp(request, found)
        _factors_are(request, FactorRemoved, "totp")
        messages.success(request, _("The authenticator app is no longer asked for."))
    return HttpResponseRedirect(reverse("mfa_index"))


@fresh
def passkey_add(request: HttpRequest) -> HttpResponse:
    """Register a passkey, with which one logs in without a password."""
    from allauth.mfa.webauthn.forms import AddWebAuthnForm  # what reads passkeys is slow to load
    from allauth.mfa.webauthn.internal import auth, flows

    user: Any = request.user
    form = None
    if request.method == "POST":
        form = AddWebAuthnForm(data=request.POST, user=user)
        if form.is_valid():
            _auth, made_codes = flows.add_authenticator(
                request, name=form.cleaned_data["name"], credential=form.cleaned_data["credential"]
            )
            _factors_are(request, FactorAdded, "passkey")
            return _show_codes(request) if made_codes else HttpResponseRedirect(reverse("mfa_index"))
    options = json.dumps(auth.begin_registration(user, passwordless=True))
    fault = next((str(e) for es in form.errors.values() for e in es), "") if form is not None else ""
    if re.match(r"[\d.]+(:\d+)?$|\[", request.get_host()):
        fault = _(
            "Passkeys belong to a name. Open noren by its name instead of an address of numbers, on this machine localhost."
        )
    name = field(
        "name", _("Name of this passkey"), value=device(request.headers.get("User-Agent", "")), required=True, max=60
    )
    return page(
        request, "security", template="accounts/passkey_add.html", options=options, fields=[name], fault=fault,
        status=422 if fault else 200,
    )  # fmt: skip


@require_POST
@fresh
def passkey_remove(request: HttpRequest, pk: int) -> HttpResponse:
    from allauth.mfa.webauthn.internal import flows

    found = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.WEBAUTHN, pk=pk).first()
    if found is None:
        raise Http404
    flows.remove_authenticator(request, found)
    _factors_are(request, FactorRemoved, "passkey")
    messages.success(request, _("The passkey is removed."))
    return HttpResponseRedirect(reverse("mfa_index"))


def _show_codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes in the answer to what made them: the one time they are shown."""
    found = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    if found is None:
        return HttpResponseRedirect(reverse("mfa_index"))
    wrapper = found.wrap()
    unused = wrapper.get_unused_codes()
    wrapper.mark_as_viewed()
    return page(request, "security", template="accounts/codes.html", codes=unused, left=len(unused))


@fresh
def codes(request: HttpRequest) -> HttpResponse:
    """How many recovery codes are left; POST makes new ones and shows them, this once."""
    if request.method == "POST":
        if not code_flows.can_generate_recovery_codes(request.user):
            raise Http404
        code_flows.generate_recovery_codes(request)
        with transaction.atomic():
            publish(CodesRenewed(actor_of(request).user_id or 0), by=actor_of(request))
        return _show_codes(request)
    found = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    if found is None:
        raise Http404
    left = len(found.wrap().get_unused_codes())
    return page(request, "security", template="accounts/codes.html", codes=[], left=left)


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Log one other device out; pk 0: all others."""
    user: Any = request.user
    if pk:
        count = end_sessions_of(user, by=actor_of(request), only=pk)
        if not count:
            raise Http404
    else:
        end_sessions_of(user, by=actor_of(request), except_key=request.session.session_key)
    messages.success(request, _("Logged out there."))
    return HttpResponseRedirect(reverse("mfa_index"))
