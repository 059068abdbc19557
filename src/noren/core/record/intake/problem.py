"""What can be wrong with a file or a row, as data: a code with parameters, and the sentence that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FIELD_CAP = 131_072
"""Longest text of one cell, in characters (128 K). It equals the default limit of Python's csv reader."""
COLUMN_CAP = 500
"""Most columns of a table."""
ROW_CAP = 1_048_576
"""Longest row, in characters."""

SENTENCES: Mapping[str, str | Promise] = {
    # The whole file is refused.
    "unreadable": _("The file could not be opened."),
    "empty": _("The file is empty."),
    "binary": _("This is not a table. Bring a CSV, TSV or .xlsx file."),
    "xls": _("This is an old Excel file (.xls). Open it in Excel and save it as .xlsx or CSV."),
    "encrypted": _("This Excel file is protected by a password. Save a copy without the password."),
    "gzip": _("This file is compressed. Unpack it and bring the file inside."),
    "zip": _("This is a ZIP archive, not an Excel file. Unpack it and bring the file inside."),
    "xlsb": _("This is a binary Excel file (.xlsb). Save it as .xlsx or CSV."),
    "ods": _("This is an OpenDocument file. Save it as .xlsx or CSV."),
    "html": _("This is a web page, although its name says otherwise. Open it in Excel and save it as .xlsx or CSV."),
    "pdf": _("This is a PDF. Bring a CSV, TSV or .xlsx file."),
    "xlsx_bomb": _("This Excel file unpacks to far more than it holds (%(size)s bytes) and is refused."),
    "xlsx_broken": _("This Excel file is damaged and cannot be read further."),
    "xlsx_entity": _("This Excel file contains declarations that no spreadsheet writes and is refused."),
    "no_sheet": _("There is no sheet named %(name)s."),
    "no_rows": _("The file has no rows."),
    "too_many_columns_in_header": _("The table has too many columns. At most %(cap)s can be read."),
    # Something to ask the person who brought the file.
    "encoding_unsure": _(
        "The character encoding is not certain. Look at the first rows and choose another if they are garbled."
    ),
    "header_unsure": _("The first row looks like data, not like column names."),
    # One row cannot be read.
    "bad_bytes": _("The row contains bytes that are not %(encoding)s text."),
    "field_too_long": _("A cell is longer than %(cap)s characters."),
    "row_too_long": _("The row is longer than %(cap)s characters."),
    "too_many_columns": _("The row has more than %(cap)s columns."),
    "extra_cells": _("The row has %(count)s cells, the header only %(width)s."),
    "card_open": _("The last card is not closed; the file seems to be cut off."),
    "quote_open": _("A quotation mark is opened and not closed."),
    "total_row": _("This is a row of totals (%(word)s), not one of the table's rows."),
    "too_many_cells": _("The sheet has more than %(cap)s cells. What follows was not read."),
    # The row is read; this is worth knowing.
    "nul_removed": _("Characters without meaning (NUL) were removed."),
    "short_row": _("The row has %(count)s cells, the header %(width)s. The missing ones are taken as blank."),
    "formula_empty": _(
        "A cell holds a formula without a result and is taken as blank. Open the file in Excel once and save it."
    ),
    "cell_error": _("A cell holds a formula error (%(value)s) and is taken as blank."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `row` counts as a spreadsheet does (1 is the first row, 0 the file as a whole), `column` from 0.

    An `error` row is not handed on as data; `cells` keeps what could be read of it for the error file. A `warning` row is.
    """

    row: int
    column: int | None
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    level: Literal["error", "warning"] = "error"
    cells: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The problem in the language of the reader."""
        return str(SENTENCES[self.code]) % dict(self.params)
