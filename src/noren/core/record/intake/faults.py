"""Rows that did not come in: the sentence for each, and the file in which they go back to whoever made them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from noren.core.record.guard import guarded
from noren.core.record.intake.problem import SENTENCES
from noren.core.record.intake.table.read import Table
from noren.core.record.models import ImportFault, ImportRun


def write_faults(run: ImportRun, table: Table, out: io.TextIOBase) -> int:
    """The rows that did not come in, as they stood, with row number and reason in front; ready to be mended and tried again."""
    writer = csv.writer(out)
    writer.writerow([str(_("Row")), str(_("Column")), str(_("Reason")), *table.header])
    count = 0
    for fault in ImportFault.objects.filter(run=run).order_by("number", "id").iterator(chunk_size=2000):
        writer.writerow([fault.number, fault.column, reason_of(fault), *map(guarded, fault.cells)])
        count += 1
    return count


def reason_of(fault: ImportFault) -> str:
    """The sentence of a fault, in the present language."""
    return sentence(fault.code, fault.params)


def sentence(code: str, params: Mapping[str, Any]) -> str:
    text = FAULTS.get(code) or SENTENCES.get(code)
    if text is None:
        return str(_("This value cannot be read."))
    try:
        return str(text) % params if "%(" in str(text) else str(text).format(**params)
    except (KeyError, IndexError, ValueError):
        return str(text)


FAULTS = {
    "too_long": _("Too long: %(length)s characters, at most %(limit)s fit."),
    "invalid": _("%(reason)s"),
    "required": _("%(field)s is missing."),
    "unknown_choice": _("“%(value)s” is none of the choices."),
    "unknown_reference": _("“%(value)s” is not known."),
    "may_not_give": _("Your role does not allow giving records to somebody else."),
    "id_taken": _("This external ID belongs to another record, perhaps one in the bin."),
    "number.too_large": _("“%(value)s” is too large."),
    "not_allowed": _("Your role does not allow changing this record."),
    "database": _("The database refuses this row: %(reason)s"),
    "closed_without_day": _("The deal is won or lost, but no closing day is given."),
    "no_stage": _("There is no pipeline with stages yet."),
    "number.unreadable": _("“%(value)s” is not a number."),
    "number.not_whole": _("“%(value)s” is not a whole number."),
    "money.unreadable": _("“%(value)s” is not an amount."),
    "money.other_currency": _("“%(value)s” is in another currency; amounts here are in %(currency)s."),
    "money.two_currencies": _("“%(value)s” names two currencies."),
    "percent.unreadable": _("“%(value)s” is not a percentage."),
    "percent.range": _("“%(value)s” lies outside 0 to 100 percent."),
    "bool.unreadable": _("“%(value)s” is neither yes nor no."),
    "kana.not_kana": _("“%(value)s” is not kana."),
    "date.ambiguous": _("“%(value)s” can be read as two different days: say which order the column has."),
    "date.no_such_day": _("There is no such day: “%(value)s”."),
    "date.unreadable": _("“%(value)s” is not a date."),
    "mail.unreadable": _("“%(value)s” is not an e-mail address."),
}
