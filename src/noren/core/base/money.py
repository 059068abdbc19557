"""Money: a whole number of minor units in one currency. No float ever touches an amount.

Minor units follow ISO 4217 (JPY has none, USD two, BHD three). Arithmetic across currencies is an error, never a guess.
Rounding always works on the absolute value, so a credit note rounds exactly like the invoice it reverses.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from noren.core.base.japan.values import Unreadable, parse_money

Locale = Literal["ja", "en"]
Number = int | Decimal | Fraction

LARGEST = 2**63 - 1  # what a bigint column holds

_OTHER_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
_TWO_DIGITS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE "
    "CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR "
    "KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB "
    "PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY "
    "TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW"
)
EXPONENTS: dict[str, int] = dict.fromkeys(_TWO_DIGITS.split(), 2) | {
    code: exponent for exponent, codes in _OTHER_EXPONENTS.items() for code in codes.split()
}

_SYMBOLS = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩", "INR": "₹", "CNY": "CN¥", "TWD": "NT$"} | {
    "HKD": "HK$", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "SGD": "S$"
}  # fmt: skip
_DOLLARS = {code for code, symbol in _SYMBOLS.items() if symbol.endswith("$")}
# A currency by its code or by a symbol that no other currency shares; the plain ¥ $ € £ ₩ are read with the amount.
_NAMED = re.compile(
    "|".join(re.escape(symbol) for symbol in [*_SYMBOLS.values(), "US$"] if len(symbol) > 1)
    + r"|(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])"
)
_BY_SYMBOL = {symbol: code for code, symbol in _SYMBOLS.items()} | {"US$": "USD"}


class Rounding(StrEnum):
    """What to do with a fraction of a minor unit; always on the absolute value (floor is towards zero)."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    CEIL = "ceil"


class MoneyError(ValueError):
    """An amount that cannot be used. `code`: empty, not_a_number, currency, mixed, too_fine, too_large, weights."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


def exponent(currency: str) -> int:
    """Digits after the point in `currency`; MoneyError("currency") when ISO 4217 does not know it."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise MoneyError("currency", currency) from None


def round_whole(value: Number, how: Rounding = Rounding.HALF_UP) -> int:
    """`value` as a whole number. Sign symmetric: round_whole(-x) == -round_whole(x) for each way of rounding."""
    exact = Fraction(value)
    size = abs(exact)
    whole, rest = divmod(size.numerator, size.denominator)
    if how is Rounding.CEIL:
        up = rest > 0
    else:
        up = how is Rounding.HALF_UP and 2 * rest >= size.denominator
    return (whole + up) * (-1 if exact < 0 else 1)


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency`: Money(1050, "USD") is $10.50, Money(1050, "JPY") is ¥1,050."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise MoneyError("not_a_number", repr(self.minor))

    @classmethod
    def of(cls, amount: Number | str, currency: str, how: Rounding | None = None) -> "Money":
        """From major units ("10.50", USD). Without `how`, a fraction below the minor unit is MoneyError("too_fine")."""
        try:
            exact = Fraction(amount)
        except (ValueError, OverflowError, ZeroDivisionError):
            raise MoneyError("not_a_number", str(amount)) from None
        scaled = exact * 10 ** exponent(currency)
        if how is None and scaled.denominator != 1:
            raise MoneyError("too_fine", str(amount))
        minor = round_whole(scaled, how or Rounding.HALF_UP)
        if abs(minor) > LARGEST:
            raise MoneyError("too_large", str(amount))
        return cls(minor, currency)

    @property
    def amount(self) -> Decimal:
        """Major units, exactly, with the currency's number of digits."""
        # From digits, not by scaleb: scaleb would round to the decimal context's precision.
        digits = tuple(int(digit) for digit in str(abs(self.minor)))
        return Decimal((int(self.minor < 0), digits, -exponent(self.currency)))

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise MoneyError("mixed", f"{self.currency} and {other.currency}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __mul__(self, count: int) -> "Money":
        if not isinstance(count, int):
            return NotImplemented  # a fraction needs `times`, which names the rounding
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def times(self, factor: Number, how: Rounding = Rounding.HALF_UP) -> "Money":
        """Multiplied by a rate or quantity, rounded once."""
        return Money(round_whole(self.minor * Fraction(factor), how), self.currency)

    def over(self, other: "Money") -> Fraction | None:
        """The exact ratio self / other; None when `other` is zero (shown as a dash, never 0 %)."""
        self._same(other)
        return Fraction(self.minor, other.minor) if other.minor else None

    def allocate(self, weights: Sequence[Number]) -> list["Money"]:
        """Split by `weights` (none negative, not all zero) with nothing lost: largest remainder, ties to the first.

        Each part is within one minor unit of its exact share, and splitting the negative gives the negated parts.
        """
        exact = [Fraction(weight) for weight in weights]
        whole = sum(exact)
        if whole <= 0 or any(weight < 0 for weight in exact):
            raise MoneyError("weights", "need a positive sum and none negative")
        size = abs(self.minor)
        shares = [size * weight / whole for weight in exact]
        parts = [share.numerator // share.denominator for share in shares]
        order = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
        for i in order[: size - sum(parts)]:
            parts[i] += 1
        sign = -1 if self.minor < 0 else 1
        return [Money(sign * part, self.currency) for part in parts]

    def show(self, negative: str = "-") -> str:
        """`¥8,600,000`, `$1,234.50`, `CHF 10.00`. `negative`: the mark before a minus amount (-, ▲, △) or "()"."""
        return _signed(self.minor < 0, _symbol(self.currency) + f"{abs(self.amount):,f}", negative)

    def compact(self, locale: Locale, negative: str = "-") -> str:
        """For cards and lists. ja: `1億3,280万円`, `860万円`, `1.2万円`, `9,800円`; en: `¥132.8M`, `$1.2K`."""
        if locale != "ja" or self.currency != "JPY":
            return self.short(locale, negative)
        size = abs(self.minor)
        if size >= 10**12:
            text = _pair(round_whole(Fraction(size, 10**8)), "兆", "億")
        elif round_whole(Fraction(size, 10**4)) >= 10**4:
            text = _pair(round_whole(Fraction(size, 10**4)), "億", "万")
        elif size >= 10**6:
            text = f"{round_whole(Fraction(size, 10**4)):,}万"
        else:
            text = shorten(size, "ja")
        return _signed(self.minor < 0, text + "円", negative)

    def short(self, locale: Locale, negative: str = "-") -> str:
        """For axes and narrow tiles, one figure only. ja: `1.3億円`, `$13.3万`; en: `¥132.8M`, `$1.2K`."""
        text = shorten(abs(self.amount), locale)
        text = text + "円" if locale == "ja" and self.currency == "JPY" else _symbol(self.currency) + text
        return _signed(self.minor < 0, text, negative)

    def __str__(self) -> str:
        return self.show()


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; zero of `currency` when there is nothing to add."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result


def shorten(value: int | Decimal, locale: Locale) -> str:
    """A number to at most one decimal in the largest unit that fits: `1.3億`, `860万`, `132.8M`, `980`.

    A value that rounds up to the next unit takes that unit: 999,960 is 1M, not 1,000K.
    """
    steps = (
        [(10**12, "兆"), (10**8, "億"), (10**4, "万")] if locale == "ja" else [(10**9, "B"), (10**6, "M"), (10**3, "K")]
    )
    exact = Fraction(value)
    sign = "-" if exact < 0 else ""
    size = abs(exact)
    for i, (unit, mark) in enumerate(steps):
        tenths = round_whole(size * 10 / unit)
        # Below one unit only by rounding: takes the unit when the next smaller one would print a full unit as well.
        smaller = steps[i + 1][0] if i + 1 < len(steps) else 1
        if size >= unit or (tenths >= 10 and round_whole(size * 10 / smaller) * smaller >= 10 * unit):
            whole, tenth = divmod(tenths, 10)
            return f"{sign}{whole:,}" + (f".{tenth}" if tenth else "") + mark
    if size.denominator == 1:
        return f"{sign}{size.numerator:,}"
    tenths = round_whole(size * 10)
    return f"{sign}{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 else "")


def parse(text: str, currency: str = "JPY") -> Money:
    """Read an amount as people and other systems write it; `currency` holds when the text names none.

    Accepts what `parse_money` does (`¥8,600,000`, `1億3,280万円`, `$342.09K`, ▲5, (5)) and every ISO code beside it.
    MoneyError codes: empty, not_a_number, currency, mixed, too_fine, too_large.
    """
    exponent(currency)
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        raise MoneyError("empty")
    if not any(letter.isdigit() for letter in plain):
        raise MoneyError("not_a_number", text)
    named = _NAMED.search(plain)
    code = _BY_SYMBOL.get(named[0], named[0].upper()) if named else None
    if named and code:
        exponent(code)
        plain = plain[: named.start()] + plain[named.end() :]
    try:
        value, mark = parse_money(plain)
    except Unreadable:
        raise MoneyError("not_a_number", text) from None
    # A bare $ or ¥ is whichever of those currencies is meant already.
    near = code or currency
    if (mark == "USD" and near in _DOLLARS) or (mark == "JPY" and near == "CNY" and "¥" in plain):
        mark = near
    if code and mark and code != mark:
        raise MoneyError("mixed", text)
    return Money.of(value, code or mark or currency)


def _symbol(currency: str) -> str:
    return _SYMBOLS.get(currency, currency + " ")


def _signed(is_negative: bool, text: str, mark: str) -> str:
    if not is_negative:
        return text
    return f"({text})" if mark == "()" else mark + text


def _pair(count: int, large: str, small: str) -> str:
    """`count` of the small unit as two units of ten thousand: 13,280 is 1億3,280万."""
    high, low = divmod(count, 10**4)
    return f"{high:,}{large}" + (f"{low:,}{small}" if low else "")
