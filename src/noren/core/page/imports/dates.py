"""The order of the dates of a column: asked where its days can be read in two ways, beside the columns and beside the faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noren.core.page.frame import field
from noren.core.record.intake.columns.looks import DateOrder, agreed, date_order
from noren.core.record.intake.table.read import Table
from noren.core.record.models import ImportFault, ImportRun

ORDERS = (
    ("ymd", gettext_lazy("Year, month, day")), ("dmy", gettext_lazy("Day, month, year")), ("mdy", gettext_lazy("Month, day, year")),
    ("serial", gettext_lazy("Day numbers of Excel")),
)  # fmt: skip
UNSURE = "date.ambiguous"


def orders_sent(sent: Mapping[str, Any]) -> dict[str, str]:
    """Field -> order, as `date_orders` asked."""
    return {k[6:]: str(v) for k, v in sent.items() if k.startswith("order-") and v in dict(ORDERS)}


def date_orders(run: ImportRun, known: Mapping[str, Any], table: Table) -> list[dict[str, Any]]:
    """A choice for each column that fills a day, whoever assigned it, and whose cells leave the order open: the first rows
    or, after a trial run, any row."""
    days = {h: n for h, n in run.mapping.items() if n in known and known[n].kind in ("date", "datetime")}
    at = {h: table.header.index(h) for h in days if h in table.header}
    orders = agreed([date_order([cells[i] for _n, cells in table.sample if i < len(cells)]) for i in at.values()])
    unsure = unsure_columns(run)
    told = run.options.get("date_orders", {})
    return [
        field(
            f"order-{days[header]}", _("Order of the dates in “%(column)s”") % {"column": header}, "select",
            told.get(days[header], _order_of(order)), options=ORDERS,
        )
        for header, order in zip(at, orders, strict=True)
        if order.ask or header in unsure
    ]  # fmt: skip


def unsure_columns(run: ImportRun) -> set[str]:
    """Columns with a day that the trial run could read in two ways."""
    return set(ImportFault.objects.filter(run=run, code=UNSURE).values_list("column", flat=True))


def _order_of(order: DateOrder) -> str:
    """The order to begin with: of several that a column mixes, the one that its day-first or month-first dates show."""
    shown = [name for name in order.options if name in ("dmy", "mdy")]
    return shown[0] if order.order == "mixed" and len(shown) == 1 else order.order
