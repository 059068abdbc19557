"""A colleague. Log-in address and contact data of people outside are never the same column."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.db.models import Subquery
from django.db.models.base import ModelState
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from noren.core.access.actor import Actor
from noren.core.access.models import Role, Share, Stamp, Team, bump
from noren.core.access.rights import LEVEL_WORDS, TOUCH_WORDS, Level, Touch
from noren.core.base.errors import NotNow
from noren.core.base.fields import Email, Kana, Text
from noren.core.base.kept import kept
from noren.core.base.model import Model, Reach, external_id_rule

STAMP = Subquery(Stamp.objects.filter(pk=1).values("number")[:1])
ROW_SIGN = RawSQL("accounts_user.xmin::text || accounts_user.ctid::text", ())
"""Another one after every change of a user's row, whoever made it: the server's own mark of this version of the row."""


class Users(BaseUserManager["User"]):
    """Log-in needs users before anybody is known, so this manager is open."""

    use_in_migrations = True

    def create_user(self, email: str, name: str = "", password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), name=name or email.partition("@")[0], **fields)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def for_login(self, pk: Any) -> User | None:
        """The user of a session together with the access stamp; nobody who was switched off."""
        rows = self.filter(pk=pk, is_active=True, removed_at__isnull=True)
        return rows.annotate(access_stamp=STAMP, row_sign=ROW_SIGN).first()

    def known(self, pk: int, sign: str, stamp: int | None) -> User | None:
        """The same from memory, if the row is still the one that was read: `sign` is its ROW_SIGN, just read with the stamp."""
        held = _users.get(pk)
        if held is None or held[0] != sign:
            user = self.for_login(pk)
            if user is None:
                return None
            if len(_users) >= MOST:
                _users.clear()
            held = _users[pk] = str(vars(user)["row_sign"]), dict(vars(user))
        fresh = User.__new__(User)
        fresh.__dict__.update(held[1], _state=ModelState(), extra=dict(held[1]["extra"]), access_stamp=stamp)
        fresh._state.db, fresh._state.adding = DEFAULT_DB_ALIAS, False
        return fresh

    def for_key(self, secret: str) -> User | None:
        """The user behind an API key, with `key_id`, `key_scope` and the access stamp; None when the key is not valid.

        Notes the use at most once a minute.
        """
        from noren.accounts.models.key import PREFIX, ApiKey, digest_of

        if not secret.startswith(PREFIX) or not secret.isascii() or len(secret) > 200:
            return None
        now = timezone.now()

        def rows(digest: str, day: date) -> models.QuerySet[Any]:
            live = models.Q(expires_on__isnull=True) | models.Q(expires_on__gte=day)
            return ApiKey.every.filter(
                live, digest=digest, revoked_at__isnull=True, removed_at__isnull=True, user__is_active=True,
                user__removed_at__isnull=True,
            ).values_list("pk", "scope", "last_used_at", "user_id", ROW_SIGN, STAMP)  # fmt: skip

        for pk, scope, used_at, *holder in kept("key", rows, digest_of(secret), timezone.localdate()):
            user = self.known(*holder)
            if user is not None:
                user.__dict__.update(key_id=pk, key_scope=scope)
                if used_at is None or now - used_at > timedelta(minutes=1):
                    ApiKey.every.filter(pk=pk).update(last_used_at=now)
                return user
        return None


class User(AbstractBaseUser, Model):
    """`team` decides whose rows a team right reaches; `reports_to` is the manager, for reports by manager."""

    THEMES = (("", _("Follow the system")), ("light", _("Light")), ("dark", _("Dark")))
    DENSITIES = (("compact", _("Compact")), ("", _("Normal")), ("relaxed", _("Relaxed")))
    LANGUAGES = (("ja", "日本語"), ("en", "English"))

    name = Text(_("Name"), max_length=120)
    name_kana = Kana(_("Reading"), max_length=120, blank=True)
    email = Email(_("E-mail"), null=True, blank=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="users", verbose_name=_("Team"))
    reports_to = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("Reports to")
    )
    roles = models.ManyToManyField(Role, blank=True, related_name="users", verbose_name=_("Roles"))
    is_active = models.BooleanField(_("May log in"), default=True)
    joined_on = models.DateField(_("Joined"), default=timezone.localdate)
    locale = models.CharField(_("Language"), max_length=8, choices=LANGUAGES, default="ja")
    theme = models.CharField(_("Appearance"), max_length=8, choices=THEMES, default="", blank=True)
    density = models.CharField(_("Row height"), max_length=8, choices=DENSITIES, default="", blank=True)
    tz = models.CharField(_("Time zone"), max_length=64, default="Asia/Tokyo")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    reach = Reach(open_to_all=True)
    lasting = True

    every = Users()  # type: ignore[misc]
    objects = Users()  # type: ignore[assignment,misc]

    class Meta(Model.Meta):
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["name"]
        constraints = [
            external_id_rule("user"),
            models.UniqueConstraint(Lower("email"), name="user_email", condition=models.Q(email__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.name)

    def settle(self) -> None:
        self.email = self.email or None
        if not self.password:
            self.set_unusable_password()

    def has_factor(self) -> bool:
        """Whether a password alone does not let this person in; recovery codes are no factor of their own."""
        factors = Authenticator.objects.filter(user_id=self.pk)
        return bool(factors.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())

    def guard_last_admin(self) -> None:
        """Refuse what would leave nobody who may change rights. Call inside the transaction of the change.

        Two such changes at the same moment wait for each other here: the second one sees what the first one did.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('noren last administrator'))")
        admins = User.every.filter(
            is_active=True, removed_at__isnull=True, roles__is_admin=True, roles__removed_at__isnull=True
        )
        if not admins.exists():
            raise NotNow(_("This is the last administrator. Make somebody else an administrator first."))

    def save(self, *args: Any, **kw: Any) -> None:
        gone = not self._state.adding and (not self.is_active or self.removed_at is not None)
        was_admin = (
            gone
            and User.every.filter(
                pk=self.pk,
                is_active=True,
                removed_at__isnull=True,
                roles__is_admin=True,
                roles__removed_at__isnull=True,
            ).exists()
        )
        with transaction.atomic():
            super().save(*args, **kw)
            if was_admin:
                self.guard_last_admin()
        if kw.get("update_fields") is None or not {"last_login"} >= set(kw["update_fields"]) - {
            "version",
            "updated_at",
        }:
            bump()

    def actor(self, via: str = "page") -> Actor:
        """What this user may do, remembered until the access stamp moves."""
        stamp = getattr(self, "access_stamp", None)
        if stamp is None:
            stamp = Stamp.objects.filter(pk=1).values_list("number", flat=True).first() or 0
        known = _actors.get(self.pk)
        if known is None or known[0] != stamp:
            if len(_actors) >= MOST:
                _actors.clear()
            known = _actors[self.pk] = (stamp, _load(self))
        actor = known[1]
        return actor if via == actor.via else actor.through(via)


_actors: dict[int, tuple[int, Actor]] = {}
_users: dict[int, tuple[str, dict[str, Any]]] = {}
MOST = 5000  # people remembered


def forget_actors() -> None:
    _actors.clear()
    _users.clear()


def _load(user: User) -> Actor:
    rights: dict[str, Level] = {}
    groups: dict[str, Touch] = {}
    is_admin = needs_factor = False
    for role in user.roles.filter(removed_at__isnull=True):
        is_admin = is_admin or role.is_admin
        needs_factor = needs_factor or role.needs_factor
        for word, level in role.rights.items():
            rights[word] = max(rights.get(word, Level.NONE), LEVEL_WORDS.get(level, Level.NONE))
        for group, touch in role.groups.items():
            groups[group] = max(groups.get(group, Touch.HIDDEN), TOUCH_WORDS.get(touch, Touch.HIDDEN))
    team_ids: frozenset[int] = frozenset()
    colleagues = {user.pk}
    if user.team is not None:
        teams = Team.every.filter(path__startswith=user.team.path)
        team_ids = frozenset(teams.values_list("pk", flat=True))
        colleagues.update(User.every.filter(team_id__in=team_ids).values_list("pk", flat=True))
    shares = Share.objects.filter(models.Q(user_id=user.pk) | models.Q(team_id__in=team_ids))
    return Actor(
        user_id=user.pk, name=user.name, rights=rights, groups=groups, team_ids=team_ids,
        team_user_ids=frozenset(colleagues), shared=frozenset(shares.values_list("noun", flat=True).distinct()),
        is_admin=is_admin, lacks_factor=needs_factor and not user.has_factor(), locale=user.locale, tz=user.tz,
    )  # fmt: skip
