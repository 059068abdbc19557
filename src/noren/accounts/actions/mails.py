"""The two mails noren itself sends: the invitation and the link for a new password."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext as _

from noren.accounts.actions.people import issue_ticket
from noren.accounts.models import User
from noren.core.access.firm import firm
from noren.core.job.job import job

log = logging.getLogger("noren")


def link_of(token: str) -> str:
    """The address of a one-time link. It never depends on what the browser says our host is."""
    return f"{settings.ENV.base_url}/link/{token}/"


@job(queue="interactive")
def mail_reset(email: str) -> None:
    """Mail a link for a new password, if somebody logs in with this address. The token is made here, so that it
    stands in no job and no log."""
    user = User.objects.filter(email__iexact=email, is_active=True, removed_at__isnull=True).first()
    if user is None or user.email is None:
        return
    token = issue_ticket(user, "reset")
    with translation.override(user.locale):
        text = _(
            "Somebody asked for a new password for your account at {firm}.\n\n"
            "Set it here within 60 minutes:\n{link}\n\n"
            "If it was not you, there is nothing to do: your password stays as it is."
        ).format(firm=firm().name, link=link_of(token))
        send_mail(_("Set a new password"), text, None, [user.email])


def mail_invitation(user: User, token: str) -> bool:
    """Mail the very link that the administrator is shown. False when the mail server would not take it.

    Sent at once and not by a job: a token never stands in a stored job.
    """
    if user.email is None or not settings.ENV.smtp_url:
        return False
    with translation.override(user.locale):
        text = _(
            "{name}, you have been invited to noren, where {firm} keeps its customers and deals.\n\n"
            "Set your password here within 7 days:\n{link}"
        ).format(name=user.name, firm=firm().name, link=link_of(token))
        try:
            return send_mail(_("Your access to noren"), text, None, [user.email]) == 1
        except (SMTPException, OSError):
            log.warning("an invitation could not be mailed")
            return False
