"""The first hours of a firm: its settings and the five roles it starts with. Safe to run again."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from noren.accounts.events import Appointed
from noren.accounts.models import User
from noren.core.access.actor import HOUSE
from noren.core.access.models import Firm, Role
from noren.core.event.publish import publish

NOUNS_OF_WORK = ("sales.deal", "sales.dealline", "contacts.company", "contacts.person", "contacts.affiliation",
                 "contacts.consent", "activity.activity", "activity.attachment")  # fmt: skip
VERBS = ("view", "create", "edit", "remove", "export", "assign", "share", "close")

Rights = dict[str, str]


def _rights(**levels: str) -> Rights:
    """`view="team", edit="own"` for every noun of daily work."""
    return {f"{noun}.{verb}": level for noun in NOUNS_OF_WORK for verb, level in levels.items()}


ROLES: dict[str, tuple[dict[str, str], bool, Rights, dict[str, str]]] = {
    "admin": ({"ja": "管理者", "en": "Administrator"}, True, {}, {}),
    "manager": (
        {"ja": "マネージャー", "en": "Manager"},
        False,
        {
            **_rights(view="all", create="all", edit="team", remove="team", export="all", assign="team", share="team", close="team"),
            "catalog.product.edit": "all", "catalog.product.create": "all", "record.savedview.share": "all",
            "accounts.user.view": "all", "record.importrun.create": "all",
        },
        {"money": "write", "private": "write"},
    ),
    "sales": (
        {"ja": "営業", "en": "Sales"},
        False,
        _rights(view="team", create="all", edit="own", remove="own", export="own", share="own", close="own")
        | {"contacts.company.view": "all", "contacts.person.view": "all"},
        {"money": "write", "private": "write"},
    ),
    "support": (
        {"ja": "サポート", "en": "Support"},
        False,
        {"contacts.company.view": "all", "contacts.person.view": "all", "contacts.person.edit": "all",
         "contacts.person.create": "all", "activity.activity.view": "all", "activity.activity.create": "all",
         "activity.activity.edit": "own", "activity.attachment.view": "all", "activity.attachment.create": "all",
         "contacts.affiliation.view": "all", "contacts.consent.view": "all", "contacts.consent.create": "all"},
        {"private": "write"},
    ),
    "reader": ({"ja": "閲覧のみ", "en": "Read only"}, False, _rights(view="all"), {"money": "read", "private": "read"}),
}  # fmt: skip


def found_firm(name: str, *, locale: str = "ja", currency: str = "JPY", fiscal_start_month: int = 4) -> Firm:
    """Make the firm and its roles, or leave those that are there as they are."""
    with transaction.atomic():
        firm = Firm.objects.order_by("pk").first() or Firm(
            name=name,
            locale=locale,
            currency=currency,
            fiscal_start_month=fiscal_start_month,
            deal_word={"ja": "商談", "en": "Deals"}.get(locale, "Deals"),
        )
        firm.save()
        for key, (names, is_admin, rights, groups) in ROLES.items():
            Role.every.get_or_create(
                key=key, defaults={"name": names[locale], "is_admin": is_admin, "rights": rights, "groups": groups}
            )
    return firm


def appoint_admin(
    email: str, name: str, password: str | None, locale: str = "ja", *, forget_factors: bool = False
) -> User:
    """The first administrator, by command only: there is no page that makes one. Also the way back in for somebody who
    is locked out: the password is set anew, access is given again, and `forget_factors` drops lost second steps."""
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            user = User.objects.create_user(email, name, password, locale=locale)
        else:
            user.is_active, user.removed_at = True, None
            if password:
                user.set_password(password)
        if forget_factors:
            Authenticator.objects.filter(user_id=user.pk).delete()
        user.roles.add(Role.every.get(key="admin"))
        user.save()
        publish(Appointed(user.pk, factors_forgotten=forget_factors), by=HOUSE.through("command"))
    return user
