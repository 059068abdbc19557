"""Log-in, log-out, one-time links: everything a person meets before they are in."""

from __future__ import annotations

import unicodedata
from typing import Any

from allauth.account.internal.stagekit import clear_login
from allauth.account.views import LoginView, LogoutView, ReauthenticateView
from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from noren.accounts.actions.mails import mail_reset
from noren.accounts.actions.people import redeem, ticket_of
from noren.accounts.login.address import client_ip
from noren.core.base.errors import Invalid
from noren.core.base.text import clean
from noren.core.job.job import later
from noren.core.page.frame import field, gate, gate_context


def safe_next(request: HttpRequest, fallback: str = "/") -> str:
    """Where to go afterwards: an address within noren, or the fallback."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    if url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        return url
    return fallback


def too_many(request: HttpRequest, _exception: Exception | None = None) -> HttpResponse:
    """429: somebody tries too often."""
    text = _("Too many attempts from here. Wait a minute and try again.")
    actions = [{"label": _("Try again"), "href": request.path, "primary": True}]
    return gate(request, text, "error.html", 429, heading=_("A moment, please"), text=text, actions=actions)


class Login(LoginView):
    """E-mail address and password. The answer to a wrong address and a wrong password is the same."""

    template_name = "login.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        made: dict[str, Any] = super().get_form_kwargs()
        if "data" in made:
            data = made["data"].copy()
            data["login"] = data.get("email") or data.get("login") or ""
            made["data"] = data
        return made

    def get_context_data(self, **kw: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kw)
        form = context["form"]
        error = ""
        if form.is_bound:
            error = next((str(e) for errors in form.errors.values() for e in errors), "")
        context |= gate_context(self.request, _("Log in"))
        context |= {
            "email": form.data.get("email", "") if form.is_bound else self.request.GET.get("email", ""),
            "error": error,
            "next": safe_next(self.request, ""),
            "forgot_href": reverse("account_reset_password"),
            "passkey_href": reverse("mfa_login_webauthn"),
        }
        if self.request.GET.get("set"):
            context["told"] = [_("Your password is set. Log in with it now.")]
        return context


def digits(text: str) -> str:
    """A code as typed, full-width digits and spaces included, as the check wants it."""
    return "".join(unicodedata.normalize("NFKC", text).replace("-", " ").split())


@require_POST
def other(request: HttpRequest) -> HttpResponse:
    """Forget the half-finished log-in and begin anew."""
    clear_login(request)
    return HttpResponseRedirect(reverse("account_login"))


class Logout(LogoutView):
    """POST logs out; GET asks, so that no link can do it."""

    template_name = "accounts/gate_form.html"

    def get_context_data(self, **kw: Any) -> dict[str, Any]:
        return super().get_context_data(**kw) | gate_context(
            self.request,
            _("Log out"),
            submit=_("Log out"),
            others=[{"label": _("Stay"), "href": "/", "icon": "chev-l"}],
        )

    def get_redirect_url(self) -> str:
        return str(reverse("account_login"))


def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link to set a new password. The same answer in the same time, whether the address is known or not."""
    if request.method == "POST":
        email = clean(request.POST.get("email", "")).strip()[:254]
        blocked = ratelimit.consume_or_429(request, action="reset_password", key=email.lower() or "-")
        if blocked:
            return blocked
        if email:
            later(mail_reset, email=email)
        told = _("If somebody logs in with this address, a link is on its way. It can be used once, within 60 minutes.")
        return gate(
            request, _("Look into your mail"), note=told,
            others=[{"label": _("Back to log-in"), "href": reverse("account_login"), "icon": "chev-l"}],
        )  # fmt: skip
    if not settings.ENV.smtp_url:
        return gate(
            request, _("Set a new password"),
            note=_("No mail server is set here. Ask an administrator: the page of each member makes a link for a new password."),
            others=[{"label": _("Back to log-in"), "href": reverse("account_login"), "icon": "chev-l"}],
        )  # fmt: skip
    return gate(
        request, _("Set a new password"), note=_("You will get a mail with a link."),
        fields=[field("email", _("E-mail address"), "email", request.GET.get("email", ""), required=True, autocomplete="username")],
        submit=_("Send the link"),
        others=[{"label": _("Back to log-in"), "href": reverse("account_login"), "icon": "chev-l"}],
    )  # fmt: skip


@sensitive_post_parameters("password", "again")
def link(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link: an invitation or a new password. Opening it uses nothing up."""
    blocked = ratelimit.consume_or_429(request, action="reset_password_from_key")
    if blocked:
        return blocked
    ticket = ticket_of(token)
    if ticket is None:
        return _dead_link(request)
    if not request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME):  # whoever chose a language on this browser keeps it
        translation.activate(ticket.user.locale)
        request.LANGUAGE_CODE = ticket.user.locale
    error = again_error = ""
    if request.method == "POST":
        password = request.POST.get("password", "")
        if password != request.POST.get("again", ""):
            again_error = _("The two are not the same.")
        else:
            try:
                user = redeem(token, password, client_ip(request))
            except Invalid as fault:
                error = " ".join(text for texts in fault.errors.values() for text in texts)
            else:
                if user is None:
                    return _dead_link(request)
                return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'email': user.email, 'set': 1})}")
    invited = ticket.kind == "invite"
    note = _("{name}, choose a password of at least 12 characters. A sentence is good, and easier to remember.")
    return gate(
        request, _("Welcome to noren") if invited else _("Set a new password"), status=422 if error or again_error else 200,
        note=note.format(name=ticket.user.name),
        fields=[
            field("password", _("New password"), "password", error=error, required=True, autocomplete="new-password"),
            field("again", _("The same again"), "password", error=again_error, required=True, autocomplete="new-password"),
        ],
        submit=_("Set password"),
    )  # fmt: skip


def _dead_link(request: HttpRequest) -> HttpResponse:
    return gate(
        request, _("This link no longer works"), status=410,
        note=_("It was used already, it ran out, or a newer one was sent. Ask for another one."),
        others=[{"label": _("Send a new link"), "href": reverse("account_reset_password"), "icon": "mail"},
                {"label": _("Log in"), "href": reverse("account_login"), "icon": "key"}],
    )  # fmt: skip


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on: kept with the user, or in a cookie before log-in."""
    wanted = request.POST.get("language", "")
    response = HttpResponseRedirect(safe_next(request, _back(request)))
    if wanted in dict(settings.LANGUAGES):
        user: Any = request.user
        if user.is_authenticated:
            user.locale = wanted
            user.save(update_fields=["locale"])
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=365 * 24 * 3600,
            secure=settings.IS_SECURE,
            httponly=True,
            samesite="Lax",
        )
        translation.activate(wanted)
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system says."""
    user: Any = request.user
    wanted = request.POST.get("theme", "")
    if wanted in dict(user.THEMES):
        user.theme = wanted
        user.save(update_fields=["theme"])
    return HttpResponseRedirect(safe_next(request, _back(request)))


def _back(request: HttpRequest) -> str:
    """The page the form stood on, when it was one of ours."""
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()}):
        return "/" + referer.split("/", 3)[3] if referer.count("/") >= 3 else "/"
    return "/"


class Again:
    """What the three ways to prove oneself again have in common."""

    template_name = "accounts/gate_form.html"
    request: HttpRequest

    def asks(self, form: Any, error: str) -> dict[str, Any]:
        return {}

    def get_context_data(self, **kw: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kw)  # type: ignore[misc]
        form: Any = context["form"] if "form" in context else self.get_form()  # type: ignore[attr-defined]
        error = next((str(e) for es in form.errors.values() for e in es), "") if form.is_bound else ""
        labels = {
            "reauthenticate": (_("Use the password"), "lock"),
            "mfa_reauthenticate": (_("Use a one-time code"), "note"),
            "mfa_reauthenticate:webauthn": (_("Use a passkey"), "key"),
        }
        others = [
            {"label": labels[one["id"]][0], "href": one["url"], "icon": labels[one["id"]][1]}
            for one in self.get_reauthentication_alternatives()  # type: ignore[attr-defined]
        ]
        note = _("This page touches rights or log-ins. Show once more that it is you; it holds for 15 minutes.")
        more = {"note": note, "submit": _("Continue"), "others": others, "hidden": {"next": safe_next(self.request)}}
        return (
            context
            | gate_context(self.request, _("Is it you?"), **more)
            | self.asks(form, error)
            | {"js": context.get("js_data")}
        )


class AgainByPassword(Again, ReauthenticateView):
    def asks(self, form: Any, error: str) -> dict[str, Any]:
        return {
            "fields": [
                field(
                    "password", _("Password"), "password", error=error, required=True, autocomplete="current-password"
                )
            ]
        }
