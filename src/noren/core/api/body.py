"""Reading what a program sent: JSON only, bounded in size, depth and numbers, and free of what a database cannot hold."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from noren.core.base.errors import Invalid, Refusal

LARGEST = 1024 * 1024
DEEPEST = 20
LONGEST_NUMBER = 40


class Unreadable(Refusal):
    """The request as a whole cannot be read."""

    code = "bad_request"
    status = 400
    message = _("The request body is not valid JSON.")


class TooLarge(Refusal):
    code = "too_large"
    status = 413
    message = _("The request body is larger than 1 MB. Send the rows in several requests, or import a file.")


class NotJson(Refusal):
    code = "unsupported_media_type"
    status = 415
    message = _("Send the body as JSON, with Content-Type: application/json.")


def read(request: HttpRequest) -> dict[str, Any]:
    """The body as an object; an empty body is an empty object."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > LARGEST:
        raise TooLarge
    raw = request.body
    if len(raw) > LARGEST:
        raise TooLarge
    if not raw.strip():
        return {}
    if request.content_type != "application/json":
        raise NotJson
    try:
        data = json.loads(raw.decode("utf-8"), parse_int=_whole, parse_float=_decimal, parse_constant=_constant)
    except RecursionError as fault:
        raise Unreadable(_("The request body is nested too deeply.")) from fault
    except (UnicodeDecodeError, ValueError) as fault:
        raise Unreadable from fault
    if not isinstance(data, dict):
        raise Unreadable(_("The request body must be a JSON object."))
    check(data)
    return data


def check(value: Any, name: str = "", depth: int = 0) -> None:
    """Refuse texts that cannot be stored and nesting without end, naming the outermost field."""
    if isinstance(value, str):
        if not storable(value):
            raise Invalid({name: [_("This text contains characters that cannot be stored.")]})
    elif depth > DEEPEST:
        raise Unreadable(_("The request body is nested too deeply."))
    elif isinstance(value, dict):
        for key, inner in value.items():
            check(key, name, depth + 1)
            check(inner, name or key, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check(inner, name, depth + 1)


def storable(text: str) -> bool:
    """No NUL and no half of a surrogate pair: PostgreSQL refuses both."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise Invalid({"": [_("A number in the request has too many digits.")]})
    return int(text)


def _decimal(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= LONGEST_NUMBER else Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        raise Invalid({"": [_("A number in the request has too many digits.")]})
    return number


def _constant(text: str) -> Any:
    raise ValueError(text)
