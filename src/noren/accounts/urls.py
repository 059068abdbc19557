"""Addresses of the screens made by hand here. The names account_* and mfa_* are those allauth redirects to."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from noren.accounts.pages import gate, mine

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", gate.Login.as_view(), name="account_login"),
    path("login/passkey/", gate.LoginPasskey.as_view(), name="mfa_login_webauthn"),
    path("login/code/", gate.Code.as_view(), name="mfa_authenticate"),
    path("login/other/", gate.other, name="login_other"),
    path("login/forgotten/", gate.forgotten, name="account_reset_password"),
    path("link/<str:token>/", gate.link, name="link"),
    path("logout/", gate.Logout.as_view(), name="account_logout"),
    path("me/language/", gate.language, name="language"),
    path("me/theme/", gate.theme, name="theme"),
    path("again/", gate.AgainByPassword.as_view(), name="account_reauthenticate"),
    path("again/code/", gate.AgainByCode.as_view(), name="mfa_reauthenticate"),
    path("again/passkey/", gate.AgainByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
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
]
