"""The 13-digit corporate number (法人番号) and the invoice registration number (T + 13 digits).

The check digit is a guard against typing errors, not proof: swapping a 0 and a 9 goes unnoticed.
"""

import re
import unicodedata

from noren.core.base.japan.values import Unreadable
from noren.core.base.text import DASHES

_BETWEEN = dict.fromkeys(map(ord, " -ー\t" + DASHES))
_INVOICE = re.compile(r"T[1-9][0-9]{12}")


def check_digit(base: str) -> int:
    """The first digit of a corporate number for its other twelve: 9 - (sum of P_n x Q_n mod 9), always 1 to 9.

    P_n counts from the right; Q is 1 for odd n and 2 for even n (ordinance on corporate numbers, article 2).
    """
    if not re.fullmatch(r"[0-9]{12}", base):
        raise ValueError("twelve digits are needed")
    total = sum(int(digit) * (1 if n % 2 else 2) for n, digit in enumerate(reversed(base), start=1))
    return 9 - total % 9


def is_corporate_number(number: str) -> bool:
    """Thirteen digits with the right check digit."""
    return bool(re.fullmatch(r"[1-9][0-9]{12}", number)) and int(number[0]) == check_digit(number[1:])


def _bare(raw: str) -> str:
    return unicodedata.normalize("NFKC", raw).translate(_BETWEEN).upper()


def parse_corporate_number(raw: str) -> str:
    """The thirteen digits. Raises Unreadable: corporate.my_number (twelve digits: a My Number is never stored),
    corporate.length, corporate.check_digit."""
    number = _bare(raw)
    _refuse_my_number(number)
    if not re.fullmatch(r"[0-9]{13}", number):
        raise Unreadable("corporate.length", value=raw)
    if not is_corporate_number(number):
        raise Unreadable("corporate.check_digit", value=raw)
    return number


def parse_invoice_number(raw: str) -> tuple[str, str]:
    """("T" + thirteen digits, warning). Full width, spaces, hyphens and a missing T are accepted.

    The warning "invoice.check_digit" is not an error: it is not settled that a sole trader's number follows the rule.
    Raises Unreadable: corporate.my_number, invoice.unreadable.
    """
    number = _bare(raw)
    _refuse_my_number(number)
    number = number if number.startswith("T") else f"T{number}"
    if not _INVOICE.fullmatch(number):
        raise Unreadable("invoice.unreadable", value=raw)
    return number, "" if is_corporate_number(number[1:]) else "invoice.check_digit"


def _refuse_my_number(number: str) -> None:
    # The value is left out on purpose: it must reach neither a message nor a log.
    if re.fullmatch(r"[0-9]{12}", number):
        raise Unreadable("corporate.my_number")
