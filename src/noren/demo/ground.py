"""What stands before the first customer: the firm, its teams and colleagues, what it sells, its own field and views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.hashers import make_password

from noren.accounts.actions.setup import found_firm
from noren.accounts.models import User
from noren.catalog.models import Price, PriceList, Product
from noren.core.access.firm import forget
from noren.core.access.models import Role, Team
from noren.core.record.models import FieldDefinition, SavedView
from noren.demo.words import Words
from noren.sales.actions.setup import found_pipeline
from noren.sales.models import LossReason, Stage

ADMIN, MANAGER, SUPPORT, READER = 0, 1, 7, 9  # places in `Words.colleagues`
FIRST, SECOND = (2, 3, 4), (5, 6, 8)  # the people of the two sales teams
LOGINS = (("admin", ADMIN), ("manager", MANAGER), ("sales", 2), ("sales", 5), ("support", SUPPORT), ("reader", READER))
MAILBOXES = ("admin", "manager", "sato", "tanaka", "suzuki", "takahashi", "ito", "support", "yamamoto", "reader")
PLAN = "service_plan"  # key of the custom field

PRICES = (  # code, list price, cost; in minor units of the firm's currency
    ("AK-T20", 38_000, 21_000), ("AK-H30", 46_000, 26_000), ("AK-G5", 98_000, 52_000), ("CLOUD-Y", 120_000, 30_000),
    ("DP-100", 64_000, 35_000), ("UF-80", 480_000, 290_000), ("PT-40", 86_000, 47_000), ("CR-8", 1_240_000, 760_000),
    ("COLD-P", 2_400_000, 1_500_000), ("MX-3", 360_000, 210_000), ("PH-7", 210_000, 118_000), ("CAL-Y", 180_000, 96_000),
    ("INST", 150_000, 90_000), ("TR-5", 52_000, 33_000),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ground:
    """The rows that all others refer to, in the order of `Words`."""

    words: Words
    users: list[User]
    products: list[Product]
    stages: list[Stage]
    reasons: list[LossReason]

    @property
    def sellers(self) -> list[User]:
        return [self.users[i] for i in (*FIRST, *SECOND)]


def address(words: Words, place: int) -> str:
    """The e-mail address that the colleague at this place logs in with."""
    return f"{MAILBOXES[place]}@{words.domain}"


def lay(words: Words, password: str, today: date) -> Ground:
    house = found_firm(words.firm, locale=words.locale, currency=words.currency)
    house.name, house.locale, house.currency, house.is_demo = words.firm, words.locale, words.currency, True
    house.save()
    forget()
    pipeline = found_pipeline(words.locale)
    users = _users(words, password, today)
    products = _products(words, today)
    _own_field(words)
    for position, (noun, name, query) in enumerate(words.views):
        SavedView(noun=noun, name=name, query=query, owner=users[MANAGER], shared_with="all", position=position).save()
    return Ground(
        words, users, products, list(pipeline.stages.order_by("position")), list(LossReason.every.order_by("position"))
    )


def _users(words: Words, password: str, today: date) -> list[User]:
    top = Team(name=words.teams[0])
    top.save()
    below = [Team(name=name, parent=top) for name in words.teams[1:]]
    for team in below:
        team.save()
    home = dict.fromkeys(FIRST, below[0]) | dict.fromkeys(SECOND, below[1]) | {SUPPORT: below[2]}
    role = {ADMIN: "admin", MANAGER: "manager", SUPPORT: "support", READER: "reader"}
    roles = {one.key: one for one in Role.every.filter(key__isnull=False)}
    secret = make_password(password)
    may_enter = {place for _role, place in LOGINS}
    users: list[User] = []
    for place, (name, kana) in enumerate(words.colleagues):
        user = User(
            email=address(words, place), name=name, name_kana=kana, locale=words.locale, team=home.get(place, top),
            joined_on=today - timedelta(days=3200 - 260 * place), password=secret if place in may_enter else "",
            reports_to=users[MANAGER] if place in home else None,
        )  # fmt: skip
        user.save()
        user.roles.add(roles[role.get(place, "sales")])
        users.append(user)
    return users


def _products(words: Words, today: date) -> list[Product]:
    dealer = PriceList(name=words.price_list, valid_from=date(today.year - 1, 4, 1))
    dealer.save()
    products = []
    for (name, family, unit), (code, price, cost) in zip(words.products, PRICES, strict=True):
        product = Product(
            name=name, family=family, unit=unit, code=code, list_price=price, cost=cost, is_sold=code != "TR-5"
        )
        product.save()
        products.append(product)
        if code not in ("TR-5", "INST", "CAL-Y"):
            Price(price_list=dealer, product=product, amount=price * 85 // 100).save()
            Price(price_list=dealer, product=product, amount=price * 80 // 100, from_quantity=10).save()
    return products


def _own_field(words: Words) -> None:
    in_japanese, in_english = words.plan_labels
    FieldDefinition(
        noun="contacts.company",
        key=PLAN,
        label_ja=in_japanese,
        label_en=in_english,
        kind="choice",
        choices=list(words.plans),
    ).save()
