"""Column types that know what their text means: they tidy on input and tell every reader their kind.

`kind` is the one word by which forms, lists, filters, import, export and the API decide how to treat a field.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.core.base.text import clean


def _empty_by_default(kw: dict[str, Any]) -> None:
    """A text that may be left out is empty in the database too, so that a COPY need not name it."""
    if kw.get("blank") and not kw.get("null"):
        kw.setdefault("db_default", "")
        kw.setdefault("default", "")


def _as_stored(column: models.Field[Any, Any], value: Any) -> Any:
    """For a comparison or a write: tidying and judging belong to `to_python`, which Django would call here too, so that
    filtering by half an e-mail address would be refused."""
    value = models.Field.get_prep_value(column, value)
    return value if value is None or isinstance(value, str) else str(value)


class Text(models.CharField):  # type: ignore[type-arg]
    """One line of text, kept as typed but for control characters."""

    kind = "text"

    def __init__(self, *args: Any, **kw: Any) -> None:
        kw.setdefault("max_length", 255)
        _empty_by_default(kw)
        super().__init__(*args, **kw)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return clean(value).strip() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        return _as_stored(self, value)

    def deconstruct(self) -> Any:
        name, _path, args, kw = super().deconstruct()
        return name, "django.db.models.CharField", args, kw


class LongText(models.TextField):  # type: ignore[type-arg]
    kind = "longtext"

    def __init__(self, *args: Any, **kw: Any) -> None:
        _empty_by_default(kw)
        super().__init__(*args, **kw)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return clean(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        return _as_stored(self, value)

    def deconstruct(self) -> Any:
        name, _path, args, kw = super().deconstruct()
        return name, "django.db.models.TextField", args, kw


class Kana(Text):
    """A reading. Hiragana and half width are accepted, full-width katakana is stored."""

    kind = "kana"

    def to_python(self, value: Any) -> Any:
        from noren.core.base.japan.kana import kana_input

        value = super().to_python(value)
        if not value:
            return value
        try:
            return kana_input(value)
        except ValueError as fault:
            raise ValidationError(_("Enter the reading in kana, for example ヤマダ."), code="kana") from fault


class Phone(Text):
    """A telephone number as typed but half width; odd numbers are kept (the reader warns, never refuses)."""

    kind = "phone"

    def __init__(self, *args: Any, **kw: Any) -> None:
        kw.setdefault("max_length", 60)
        super().__init__(*args, **kw)

    def to_python(self, value: Any) -> Any:
        from noren.core.base.japan.phone import half_width

        value = super().to_python(value)
        return half_width(value) if isinstance(value, str) else value


class Email(Text):
    """A mail address. Old carrier addresses with two dots in a row exist and are accepted (japan.md K1)."""

    kind = "email"

    def __init__(self, *args: Any, **kw: Any) -> None:
        kw.setdefault("max_length", 254)
        super().__init__(*args, **kw)

    def to_python(self, value: Any) -> Any:
        from noren.core.base.japan.mail import check_email

        value = super().to_python(value)
        if not value:
            return value
        try:
            return check_email(value)[0]
        except ValueError as fault:
            raise ValidationError(_("Enter an e-mail address such as name@example.jp."), code="email") from fault


class Url(Text):
    kind = "url"

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        if value and "://" not in value:
            value = "https://" + value
        if value and (not value.lower().startswith(("http://", "https://")) or any(c.isspace() for c in value)):
            raise ValidationError(_("A web address starts with https:// or http://."), code="url")
        return value


class PostalCode(Text):
    """Seven digits for Japan; anything is kept for other countries."""

    kind = "postal"

    def __init__(self, *args: Any, **kw: Any) -> None:
        kw.setdefault("max_length", 16)
        super().__init__(*args, **kw)

    def to_python(self, value: Any) -> Any:
        import unicodedata

        value = super().to_python(value)
        if not value:
            return value
        plain = unicodedata.normalize("NFKC", value).replace("〒", "").strip()
        digits = plain.replace("-", "").replace("ー", "").replace("‐", "").replace("−", "").replace(" ", "")
        if digits.isascii() and digits.isdigit() and len(digits) == 7:
            return digits
        return plain


class MoneyField(models.BigIntegerField):  # type: ignore[type-arg]
    """An amount in minor units of the firm's currency (yen has none below one)."""

    kind = "money"

    def deconstruct(self) -> Any:
        name, _path, args, kw = super().deconstruct()
        return name, "django.db.models.BigIntegerField", args, kw


class Percent(models.PositiveSmallIntegerField):  # type: ignore[type-arg]
    """Whole percent, 0 to 100."""

    kind = "percent"

    def deconstruct(self) -> Any:
        name, _path, args, kw = super().deconstruct()
        return name, "django.db.models.PositiveSmallIntegerField", args, kw
