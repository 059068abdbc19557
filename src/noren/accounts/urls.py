"""Addresses of the screens made by hand here. The names account_* and mfa_* are those allauth redirects to."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.generic import RedirectView

from noren.accounts.pages import audit, firm, gate, keys, mine, people, removed, share, welcome


def second(name: str) -> Callable[..., HttpResponseBase]:
    """A screen of pages/second.py, which is loaded when first asked for."""

    def view(request: HttpRequest, **kw: Any) -> HttpResponseBase:
        screen: Any = getattr(import_module("noren.accounts.pages.second"), name)
        return screen.as_view()(request, **kw)  # type: ignore[no-any-return]

    return view


urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", gate.Login.as_view(), name="account_login"),
    path("login/passkey/", second("LoginPasskey"), name="mfa_login_webauthn"),
    path("login/code/", second("Code"), name="mfa_authenticate"),
    path("login/other/", gate.other, name="login_other"),
    path("login/forgotten/", gate.forgotten, name="account_reset_password"),
    path("link/<str:token>/", gate.link, name="link"),
    path("logout/", gate.Logout.as_view(), name="account_logout"),
    path("me/language/", gate.language, name="language"),
    path("me/theme/", gate.theme, name="theme"),
    path("again/", gate.AgainByPassword.as_view(), name="account_reauthenticate"),
    path("again/code/", second("AgainByCode"), name="mfa_reauthenticate"),
    path("again/passkey/", second("AgainByPasskey"), name="mfa_reauthenticate_webauthn"),
    path("settings/", RedirectView.as_view(pattern_name="settings_profile"), name="settings"),
    path("settings/profile/", mine.profile, name="settings_profile"),
    path("settings/security/", mine.security, name="mfa_index"),
    path("settings/security/password/", mine.password, name="account_change_password"),
    path("settings/security/app/", mine.totp, name="mfa_activate_totp"),
    path("settings/security/app/remove/", mine.totp_remove, name="mfa_deactivate_totp"),
    path("settings/security/passkeys/add/", mine.passkey_add, name="mfa_add_webauthn"),
    path("settings/security/passkeys/<int:pk>/remove/", mine.passkey_remove, name="mfa_remove_webauthn"),
    path("settings/security/codes/", mine.codes, name="mfa_view_recovery_codes"),
    path("settings/security/sessions/<int:pk>/end/", mine.session_end, name="session_end"),
    path("settings/firm/", firm.firm_page, name="firm"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/invite/", people.invite_page, name="invite"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    re_path(
        r"^settings/people/(?P<pk>[0-9]{1,18})/(?P<verb>link|deactivate|reactivate|logout)/$",
        people.person_do,
        name="person_do",
    ),
    path("settings/roles/add/", people.role_add, name="role_add"),
    path("settings/roles/<int:pk>/", people.rights, name="rights"),
    path("settings/roles/<int:pk>/do/", people.role_do, name="role_do"),
    path("settings/teams/", firm.teams, name="teams"),
    path("settings/teams/<int:pk>/", firm.team, name="team"),
    path("settings/fields/", firm.fields_page, name="fields"),
    path("settings/fields/add/", firm.field_form, name="field_add"),
    path("settings/fields/<int:pk>/", firm.field_form, name="field"),
    path("settings/fields/<int:pk>/remove/", firm.field_remove, name="field_remove"),
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/add/", keys.key_add, name="key_add"),
    path("settings/keys/<int:pk>/revoke/", keys.key_revoke, name="key_revoke"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/audit.csv", audit.audit_csv, name="audit_csv"),
    path("settings/bin/", removed.bins, name="bins"),
    path("settings/jobs/", audit.jobs, name="jobs"),
    path("settings/jobs/<int:pk>/again/", audit.job_again, name="job_again"),
    path("share/<str:noun>/<int:pk>/", share.share, name="share"),
    path("share/<int:pk>/end/", share.share_end, name="share_end"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("health", audit.health, name="health"),
    path("ready", audit.ready, name="ready"),
]
