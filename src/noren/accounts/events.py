"""Facts about people, rights and keys. Other modules may read this room and nothing above it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.core.event.event import Event, event


@event("accounts.user.logged_in", says=_("{subject} logged in"), icon="key")
class LoggedIn(Event):
    ip: str


@event("accounts.user.login_failed", says=_("A log-in as {subject} failed"), icon="alert")
class LoginFailed(Event):
    """`subject` is 0 for an address that nobody has."""

    ip: str


@event("accounts.user.invited", says=_("{by} invited {subject}"), icon="mail")
class Invited(Event):
    pass


@event("accounts.user.appointed", says=_("{subject} was made administrator by command"), icon="lock")
class Appointed(Event):
    factors_forgotten: bool


@event("accounts.user.link_used", says=_("{subject} set a password with a one-time link"), icon="key")
class LinkUsed(Event):
    kind: str
    ip: str


@event("accounts.user.password_changed", says=_("{subject} changed the password"), icon="key")
class PasswordChanged(Event):
    pass


@event("accounts.user.factor_added", says=_("{subject} added a second factor: {kind}"), icon="lock")
class FactorAdded(Event):
    kind: str


@event("accounts.user.factor_removed", says=_("{subject} removed a second factor: {kind}"), icon="lock")
class FactorRemoved(Event):
    kind: str


@event("accounts.user.codes_renewed", says=_("{subject} made new recovery codes"), icon="lock")
class CodesRenewed(Event):
    pass


@event("accounts.user.roles_changed", says=_("{by} changed the roles of {subject}"), icon="person")
class RolesChanged(Event):
    pass


@event("accounts.user.deactivated", says=_("{by} ended the access of {subject}"), icon="lock")
class Deactivated(Event):
    pass


@event("accounts.user.reactivated", says=_("{by} gave {subject} access again"), icon="undo")
class Reactivated(Event):
    pass


@event("accounts.user.sessions_ended", says=_("{by} ended sessions of {subject}"), icon="x")
class SessionsEnded(Event):
    count: int


@event("accounts.apikey.issued", says=_("{by} made an API key"), icon="key")
class KeyIssued(Event):
    scope: str
    expires_on: str | None


@event("accounts.apikey.revoked", says=_("{by} revoked an API key"), icon="x")
class KeyRevoked(Event):
    pass


@event("access.role.rights_changed", says=_("{by} changed what a role may do"), icon="person")
class RightsChanged(Event):
    people: int


@event("access.firm.changed", says=_("{by} changed the firm's settings"), icon="company")
class FirmChanged(Event):
    pass


@event("access.share.given", says=_("{by} shared a record"), icon="share")
class ShareGiven(Event):
    of: str
    row_id: int
    user_id: int | None
    team_id: int | None
    may_edit: bool
    until: str | None


@event("access.share.ended", says=_("{by} ended a share"), icon="x")
class ShareEnded(Event):
    of: str
    row_id: int
    user_id: int | None
    team_id: int | None
