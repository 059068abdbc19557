"""The lines of a deal: a grid to edit them, a table on the deal's page. Choosing a product brings its price along."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noren.catalog.models import Product
from noren.core.access.actor import Actor, actor_of
from noren.core.access.rights import Touch
from noren.core.access.scope import fetch, visible
from noren.core.base.errors import Forbidden, Invalid, NotNow
from noren.core.base.japan.values import Unreadable, parse_number
from noren.core.base.kept import Ask, Asking, ask, read
from noren.core.base.money import Money, MoneyError, parse
from noren.core.base.text import row_id
from noren.core.page import cells
from noren.core.page.cells import Look
from noren.core.page.forms import acts
from noren.core.page.row import detail
from noren.core.page.web import draw, logged_in, look_of, onward, say
from noren.core.record.declare import Record
from noren.sales.actions.deal import CLOSED, Line, move_deal, set_lines
from noren.sales.models import Deal, DealLine
from noren.sales.records import DealLines, Deals

MOST = 100
BLANK = 3  # empty rows offered below the filled ones


@dataclass(slots=True)
class Row:
    """A line as typed."""

    product: str = ""
    name: str = ""
    text: str = ""
    quantity: str = ""
    price: str = ""
    was: str = ""  # the product that the price belongs to
    errors: dict[str, str] = field(default_factory=dict)

    def is_blank(self) -> bool:
        return not (self.product or self.name.strip() or self.text.strip() or self.price.strip())


@logged_in
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """/sales/deals/<id>/lines/"""
    actor = actor_of(request)
    deal = fetch(Deal, actor, pk, "edit")
    if not (_may_price(actor, Touch.WRITE) and actor.may(DealLine, "view")):
        raise Forbidden
    if not deal.is_open():
        raise NotNow(CLOSED)
    look = look_of(request, actor)
    if request.method != "POST":
        return _draw(request, deal, [_row(line, look) for line in read(_lines(deal))], look)
    rows = _sent(request.POST)
    press, _dash, at = request.POST.get("press", "save").partition("-")
    if press == "drop" and (row_id(at) or 0) < len(rows) and row_id(at) is not None:
        del rows[int(at)]
        return _draw(request, deal, rows, look)
    _fill_prices(rows, actor, look)
    if press != "save":
        return _draw(request, deal, rows, look, more=BLANK if press == "add" else 0)
    lines = _read(rows, actor, look)
    if lines is None:
        return _draw(request, deal, rows, look, status=422)
    try:
        set_lines(deal, by=actor, lines=lines)
    except Invalid as no:
        return _draw(
            request, deal, rows, look, status=422, fault=" ".join(t for listed in no.errors.values() for t in listed)
        )
    say(request, ngettext("%(n)s line saved.", "%(n)s lines saved.", len(lines)) % {"n": len(lines)})
    return onward(request, Deals.url(pk))


def _may_price(actor: Actor, touch: Touch) -> bool:
    return actor.touch(DealLines.groups["unit_price"]) >= touch


def _lines(deal: Deal) -> Ask:
    def rows(pk: int) -> QuerySet[Any]:
        lines = DealLine.system("the lines of a deal within reach").filter(deal_id=pk, removed_at__isnull=True)
        return lines.select_related("product").order_by("position", "pk")

    return ask("lines of a deal", rows, deal.pk)


def _row(line: DealLine, look: Look) -> Row:
    product = str(line.product_id or "")
    return Row(
        product,
        line.product.name if line.product else "",
        line.text,
        _plain(line.quantity),
        _price(line.unit_price, look),
        product,
    )


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f") if number != number.to_integral_value() else str(int(number))


def _price(minor: Decimal, look: Look) -> str:
    if minor == minor.to_integral_value():
        return f"{Money(int(minor), look.currency).amount:,f}"
    return _plain(minor)


def _sent(data: QueryDict) -> list[Row]:
    rows = []
    for at in range(MOST + BLANK):
        if f"q{at}" not in data:
            break
        row = Row(
            data.get(f"p{at}", ""),
            data.get(f"p{at}_text", ""),
            data.get(f"t{at}", ""),
            data.get(f"q{at}", ""),
            data.get(f"u{at}", ""),
            data.get(f"w{at}", ""),
        )
        if not row.is_blank():
            rows.append(row)
    return rows[:MOST]


def _fill_prices(rows: list[Row], actor: Actor, look: Look) -> None:
    """A product just chosen brings its name and list price, unless a price was typed for it."""
    fresh = {pk for r in rows if r.product != r.was and (pk := row_id(r.product)) is not None}
    found = {p.pk: p for p in visible(Product, actor).filter(pk__in=fresh)} if fresh else {}
    for row in rows:
        product = found.get(row_id(row.product) or 0)
        if product is None or row.product == row.was:
            continue
        row.name, row.was = product.name, row.product
        if product.list_price is not None:
            row.price = f"{Money(product.list_price, look.currency).amount:,f}"
        row.quantity = row.quantity or "1"


def _read(rows: list[Row], actor: Actor, look: Look) -> list[Line] | None:
    ids = {pk for r in rows if (pk := row_id(r.product)) is not None}
    lists = dict(visible(Product, actor).filter(pk__in=ids).values_list("pk", "list_price")) if ids else {}
    lines = []
    for row in rows:
        product = row_id(row.product)
        if product is not None and product not in lists:
            row.errors["product"] = _("Choose one from the list.")
        if product is None and not row.text.strip():
            row.errors["product"] = _("Choose a product or write a text.")
        if len(row.text) > 200:
            row.errors["text"] = _("At most %(n)s characters, please (now %(now)s).") % {"n": 200, "now": len(row.text)}
        quantity, price = Decimal(1), Decimal(0)
        try:
            quantity = parse_number(row.quantity or "1")
            if not 0 < quantity < 10**9:
                row.errors["quantity"] = _("A quantity is more than nothing.")
        except Unreadable:
            row.errors["quantity"] = _("Enter a number such as 1,200.")
        try:
            price = Decimal(parse(row.price or "0", look.currency).minor)
        except MoneyError:
            row.errors["price"] = _("Enter an amount such as 1,200,000 or 120万.")
        known = lists.get(product) if product is not None else None
        lines.append(Line(product, row.text.strip(), quantity, price, Decimal(known) if known is not None else None))
    return None if any(row.errors for row in rows) else lines


def _draw(
    request: HttpRequest, deal: Deal, rows: list[Row], look: Look, status: int = 200, more: int = 0, fault: str = ""
) -> HttpResponse:
    shown = [*rows, *(Row() for _n in range(max(more, BLANK)))][:MOST]
    listed: list[dict[str, Any]] = []
    total = Decimal(0)
    for at, row in enumerate(shown):
        try:
            amount = (
                (parse_number(row.quantity or "1") * parse(row.price, look.currency).minor).quantize(
                    Decimal(1), rounding="ROUND_HALF_UP"
                )
                if row.price
                else None
            )
        except (Unreadable, MoneyError, ArithmeticError):
            amount = None
        total += amount or 0
        listed.append({
            "at": at, "row": row, "amount": cells.money(amount, look) if amount is not None else "", "is_blank": row.is_blank(),
            "product": {"name": f"p{at}", "label": _("Product"), "kind": "pick", "url": f"{DealLines.url()}options/product/", "value": row.product, "text": row.name, "error": row.errors.get("product", "")},
            "text": {"name": f"t{at}", "label": _("Description"), "kind": "text", "value": row.text, "error": row.errors.get("text", "")},
            "quantity": {"name": f"q{at}", "label": _("Quantity"), "kind": "number", "value": row.quantity, "error": row.errors.get("quantity", "")},
            "price": {"name": f"u{at}", "label": _("Unit price"), "kind": "money", "value": row.price, "error": row.errors.get("price", "")},
            "errors": list(row.errors.values()),
        })  # fmt: skip
    context = {
        "title": _("Lines"), "area": "record", "back": Deals.url(deal.pk), "rows": listed, "total": cells.money(total, look), "fault": fault, "action": request.path,
        "crumbs": [{"label": capfirst(Deals.labels()), "href": Deals.url()}, {"label": str(deal), "href": Deals.url(deal.pk)}, {"label": _("Lines")}],
    }  # fmt: skip
    return draw(request, "sales/lines.html", context, status)


def above(request: HttpRequest, record: type[Record], row: Any, actor: Actor, look: Look) -> Asking[SafeString | None]:
    """The lines on the deal's page, with their sum."""
    if not actor.may(DealLine, "view"):
        return None
    (lines,) = yield [_lines(row)]
    priced = _may_price(actor, Touch.READ)
    change = row.is_open() and row.removed_at is None and _may_price(actor, Touch.WRITE) and actor.may(Deal, "edit")
    if not lines and not change:
        return None
    listed = [
        {
            "name": line.product.name if line.product else line.text, "text": line.text if line.product else "", "quantity": _plain(line.quantity),
            "price": cells.money(line.unit_price, look) if priced else "", "amount": cells.money(line.amount, look) if priced else "",
        }
        for line in lines
    ]  # fmt: skip
    total = cells.money(sum(line.amount for line in lines), look) if priced else ""
    context = {
        "lines": listed,
        "total": total,
        "href": f"{Deals.url(row.pk)}lines/" if change else "",
        "priced": priced,
    }
    return SafeString(render_to_string("sales/lines_card.html", context, request))


def _sum_of_lines(deal: Deal, actor: Actor, look: Look) -> dict[str, str]:
    """Beside the amount a deal is won with: what its lines say, which may be another one."""
    if not actor.may(DealLine, "view") or not _may_price(actor, Touch.READ):
        return {}
    lines = list(DealLine.every.filter(deal=deal, removed_at__isnull=True))
    if not lines:
        return {}
    return {
        "amount": _("The lines add up to %(amount)s.") % {"amount": cells.money(sum(x.amount for x in lines), look)}
    }


detail.ABOVE.setdefault("sales.deal", []).append(above)
detail.OWN.add(("sales.deal", "sales.dealline"))
acts.BESIDE |= {
    "sales.win_deal": acts.Beside("reopen", lambda deal: _("“%(deal)s” is won.") % {"deal": deal}, _sum_of_lines),
    "sales.lose_deal": acts.Beside("reopen", lambda deal: _("“%(deal)s” is lost.") % {"deal": deal}),
    "sales.reopen_deal": acts.Beside(done=lambda deal: _("“%(deal)s” is open again.") % {"deal": deal}),
    "sales.move_deal": acts.Beside(
        lambda deal: f"{move_deal.slug}?stage={deal.stage_id}",
        lambda deal: _("“%(card)s” moved to %(stage)s.") % {"card": deal, "stage": deal.stage},
    ),
}
