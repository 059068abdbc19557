"""Telephone numbers: one form to dial and match by, and the grouping people typed to look at."""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers

from noren.core.base.text import DASHES

_TO_HYPHEN = {ord(mark): "-" for mark in DASHES + "ー"}
_LABELS = {
    "main": r"代表?電話|代表番号|代表|大代表|代(?![行理])",
    "direct": r"直通|ダイヤルイン|直",
    "mobile": r"携帯電話番号|携帯電話|携帯番号|携帯|mobile|cell|mob",
    "fax": r"ファックス|ファクス|ファクシミリ|facsimile|fax",
    "home": r"自宅電話|自宅",
    "phone": r"電話番号|電話|telephone|phone|tel",
}
_LABEL = re.compile(
    r"[(\[]?\s*(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _LABELS.items()) + r")\s*[)\]]?\s*[.:]*\s*",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"[(\[;,]?\s*(?:内線(?:番号)?|extension|ext|(?<![a-z])x|#)\s*[.:=]?\s*(\d{1,10})\s*[)\]]?", re.IGNORECASE
)
_LONGEST = 200  # characters of a cell that are looked at
_SEVERAL = re.compile(r"\d[\d-]{7,}\d\s*[/、,;・]\s*[+(]?\d[\d-]{7,}\d|\d{9,}\s+0\d{9,}")
_JAPANESE_KINDS = (
    (re.compile(r"0120\d{6}|0800\d{7}"), "toll_free"),
    (re.compile(r"0[6789]0\d{8}"), "mobile"),
    (re.compile(r"050\d{8}"), "ip"),
    (re.compile(r"0570\d{6}"), "navi"),
)
_KINDS = {
    phonenumbers.PhoneNumberType.MOBILE: "mobile",
    phonenumbers.PhoneNumberType.FIXED_LINE: "fixed",
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed",
    phonenumbers.PhoneNumberType.TOLL_FREE: "toll_free",
    phonenumbers.PhoneNumberType.VOIP: "ip",
    phonenumbers.PhoneNumberType.UAN: "navi",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as understood. The typed text is kept beside it by the caller.

    number_e164: +81312345678, or "" when there is none to dial. display: what a page shows. label: what was written
    beside the number (main, direct, mobile, fax, home, phone or ""). extension: digits or "". kind: mobile, fixed, ip,
    toll_free, navi or "". warning: "", "phone.unreadable", "phone.invalid", "phone.leading_zero" (a spreadsheet ate the
    first 0; the number is given with it), "phone.several". A warning never blocks saving.
    """

    number_e164: str
    display: str
    label: str
    extension: str
    kind: str
    warning: str


_LONG_BAR = re.compile("(?<=[0-9)])[ー‐‑‒–—―−](?=[0-9(])")


def half_width(typed: str) -> str:
    """A number as it is kept: as typed, but full-width digits, brackets and dashes become half-width ones.
    ０３（１２３４）５６７８ -> 03(1234)5678."""
    return typed if typed.isascii() else _LONG_BAR.sub("-", unicodedata.normalize("NFKC", typed))


def parse_phone(raw: str, region: str = "JP") -> Phone:
    """Read a telephone cell: 03-1234-5678(代), (代表) 03-… 内線 45, TEL：03ー1234ー5678, +81 3 1234 5678. Never raises."""
    text = " ".join(unicodedata.normalize("NFKC", raw[:_LONGEST]).translate(_TO_HYPHEN).split())
    several = bool(_SEVERAL.search(text))
    if several:
        text = re.split(r"[/、,;・]", text, maxsplit=1)[0].strip()
    extension = ""
    if found := _EXTENSION.search(text):
        extension = found[1]
        text = f"{text[: found.start()]} {text[found.end() :]}"
    labels = [str(match.lastgroup) for match in _LABEL.finditer(text)]
    # TEL says the least: 代表TEL is the main number.
    label = next((name for name in labels if name != "phone"), labels[0] if labels else "")
    typed = _LABEL.sub(" ", text).strip(" :.-")
    digits = re.sub(r"\D", "", typed)

    leading_zero = (
        region == "JP" and len(digits) in (9, 10) and digits == re.sub(r"[-\s]", "", typed) and digits[0] != "0"
    )
    try:
        number = phonenumbers.parse(f"0{digits}" if leading_zero else typed, region)
    except phonenumbers.NumberParseException:
        return Phone("", raw.strip(), label, extension, "", "phone.unreadable")
    extension = extension or number.extension or ""
    number.extension = None
    warning = "" if phonenumbers.is_valid_number(number) else "phone.invalid"
    if several or leading_zero:
        warning = "phone.several" if several else "phone.leading_zero"
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, typed if leading_zero else _display(typed, number), label, extension, _kind(number), warning)


def _display(typed: str, number: phonenumbers.PhoneNumber) -> str:
    """The library's grouping if the person grouped the same way or not at all; otherwise theirs (0422-12-3456)."""
    if number.country_code != 81:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    groups = re.findall(r"\d+", typed)
    if typed.startswith("+") or len(groups) == 1 or groups == national.split("-"):
        return national
    return typed


def _kind(number: phonenumbers.PhoneNumber) -> str:
    if number.country_code == 81:
        national = f"0{number.national_number}"
        for pattern, kind in _JAPANESE_KINDS:
            if pattern.fullmatch(national):
                return kind
    return _KINDS.get(phonenumbers.number_type(number), "")


def phone_digits(raw: str, region: str = "JP") -> str:
    """The digits to search by, in the national form: 03-1234-5678 and +81 3 1234 5678 -> 0312345678."""
    phone = parse_phone(raw, region)
    if phone.warning == "phone.invalid":  # 110 and the like: what was typed says more than a made-up national form
        return re.sub(r"\D", "", phone.display)
    if phone.number_e164.startswith("+81"):
        return f"0{phone.number_e164[3:]}"
    if phone.number_e164:
        return phone.number_e164[1:]
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", raw))
