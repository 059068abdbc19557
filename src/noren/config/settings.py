"""Django's settings, made from the one typed environment (`env.py`). Nothing else reads the environment."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from noren.config.env import load
from noren.config.postgres import address

ENV = load()
PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]

# -- what we are made of -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "noren.core.access",
    "noren.core.event",
    "noren.core.action",
    "noren.core.record",
    "noren.core.page",
    "noren.accounts",
    "noren.contacts",
    "noren.activity",
    "noren.catalog",
    "noren.sales",
]
MIDDLEWARE = [
    "noren.core.page.middleware.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "noren.core.page.middleware.Packed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "noren.accounts.login.sessions.Sessions",
    "noren.core.page.middleware.Person",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "noren.core.page.middleware.Refusals",
]
ROOT_URLCONF = "noren.config.urls"
WSGI_APPLICATION = "noren.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = [
    "models.W042",
    "auth.W004",  # e-mail is unique without regard to case, by a constraint
    "security.W001", "security.W002",  # our own middleware sends these headers
]  # fmt: skip

# -- database --------------------------------------------------------------------------------------------------------


def database(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?host=/socket/folder` as Django wants it."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", "") or unquote(parts.hostname or "")
    port = query.pop("port", "") or parts.port or ""
    # A pool that gives up soon tries again with the next request; left to itself it would wait ever longer between tries,
    # and pages would stay away long after a database that was away for minutes. Who waits for one waits no longer than
    # that, or all threads would wait for a pool that has given up.
    options: dict[str, Any] = {"pool": {"min_size": 1, "max_size": 12, "timeout": 4, "reconnect_timeout": 2}, **query}
    options["options"] = "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
    return {
        "ENGINE": "noren.core.base.database",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or query.pop("user", "") or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


DATABASES = {"default": database(ENV.database_url or address(ENV.data))}

# -- people ----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["noren.accounts.login.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "noren.accounts.login.Adapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_SESSION_REMEMBER = True  # how long a session lives is said below, not by a tick box
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key",
                       "reset_password_from_key": "20/m/ip", "change_password": "5/m/user",
                       "reauthenticate": "10/m/user"}  # fmt: skip
MFA_ADAPTER = "noren.accounts.login.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "noren"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = urlsplit(ENV.base_url).hostname in {"localhost", "127.0.0.1"}
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 0
MFA_TRUST_ENABLED = False
SESSION_ENGINE = "noren.accounts.login.store"
SESSION_IDLE = 8 * 3600  # seconds without a request after which a session has ended
SESSION_LONGEST = 7 * 24 * 3600  # seconds after log-in when it has ended in any case
TRUSTED_PROXIES = [ip_network(word, strict=False) for word in ENV.trusted_proxies]
CACHES = {"default": {"BACKEND": "noren.core.base.cache.Table", "LOCATION": "noren_cache", "OPTIONS": {}}}

SECRET_KEY = ENV.secret_key
IS_SECURE = ENV.base_url.startswith("https://")
SESSION_COOKIE_NAME = "__Host-noren" if IS_SECURE else "noren"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = SESSION_LONGEST
CSRF_COOKIE_NAME = "__Host-noren-csrf" if IS_SECURE else "noren-csrf"
CSRF_FAILURE_VIEW = "noren.core.page.errors.csrf"
SECURE_HSTS_SECONDS = 31536000 if IS_SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
if ENV.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLOWED_HOSTS = [urlsplit(ENV.base_url).hostname or "localhost", "localhost", "127.0.0.1", "[::1]", *ENV.hosts]
CSRF_TRUSTED_ORIGINS = [ENV.base_url]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# -- language and time -------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [ROOT / "locale", PACKAGE / "locale"]
FORMAT_MODULE_PATH = ["noren.core.base.formats"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Asia/Tokyo"
LANGUAGE_COOKIE_NAME = "noren-language"

# -- pages -------------------------------------------------------------------------------------------------------------
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.cached.Loader", ["django.template.loaders.app_directories.Loader"])
                if not ENV.debug
                else "django.template.loaders.app_directories.Loader"
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "noren.core.page.shell.shell",
            ],
            "builtins": ["django.templatetags.i18n"],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = ENV.data / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(ENV.files)}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATICFILES_FINDERS = [
    "noren.core.page.assets.Joined",  # our own styles and scripts, joined
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
WHITENOISE_MAX_AGE = 31536000
DEBUG = ENV.debug
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
MEDIA_ROOT = str(ENV.files)

# -- log ---------------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # never the log: mails hold one-time links
DEFAULT_FROM_EMAIL = ENV.mail_from
EMAIL_TIMEOUT = 20
if ENV.smtp_url:
    mail = urlsplit(ENV.smtp_url)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = mail.hostname or "", mail.port or {"smtps": 465, "smtp": 587}[mail.scheme]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(mail.username or ""), unquote(mail.password or "")
    EMAIL_USE_SSL = mail.scheme == "smtps"
    EMAIL_USE_TLS = mail.scheme == "smtp" and bool(mail.username)  # a password never goes over the wire in the open
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "noren.config.logs.Line", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["out"], "level": "WARNING"},
    "loggers": {"noren": {"level": "INFO"}, "procrastinate": {"level": "WARNING"}, "django": {"level": "WARNING"}},
}
