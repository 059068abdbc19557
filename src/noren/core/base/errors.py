"""The ways a wish can be turned down. Every door answers with one of these; page, api and command line translate them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

type_text = str | Promise


class Refusal(Exception):
    """An expected no. `code` is stable for machines, `message` is a sentence for people in their language."""

    code = "refused"
    status = 422
    message: type_text = _("This cannot be done.")

    def __init__(self, message: type_text | None = None, **params: Any) -> None:
        self.params = params
        if message is not None:
            self.message = message
        super().__init__(str(self.code))

    def __str__(self) -> str:
        text = str(self.message)
        return text % self.params if self.params else text


class NotFound(Refusal):
    """No such row, or none this person may know of: the two are told apart by nobody."""

    code = "not_found"
    status = 404
    message = _("It does not exist, or you are not allowed to see it.")


class InBin(NotFound):
    """Removed in the meantime, told only to those who may see what is in the bin. `href` is its page there."""

    code = "in_bin"
    message = _(
        "It was moved to the bin in the meantime. Restore it, then open the form again: what you typed is still there."
    )

    def __init__(self, href: str) -> None:
        super().__init__()
        self.href = href


class Forbidden(Refusal):
    """The row is visible, the verb is not allowed."""

    code = "forbidden"
    status = 403
    message = _("Your role does not allow this. Ask an administrator for the right.")


class NotNow(Refusal):
    """The row is not in a state in which the verb makes sense (a won deal cannot be lost)."""

    code = "not_now"
    status = 409
    message = _("This is not possible in the present state.")


class Conflict(Refusal):
    """Somebody else saved first. `theirs` and `mine` hold the fields on which the two differ."""

    code = "conflict"
    status = 409
    message = _("Somebody else has changed this in the meantime. Nothing of yours is lost: choose what to keep.")

    def __init__(self, row: Any, theirs: Mapping[str, Any], mine: Mapping[str, Any], base_version: int) -> None:
        super().__init__()
        self.row, self.theirs, self.mine, self.base_version = row, dict(theirs), dict(mine), base_version


class Invalid(Refusal):
    """Values that cannot be stored, field by field. The key "" holds faults of the whole."""

    code = "invalid"
    status = 422
    message = _("Please correct the marked fields.")

    def __init__(self, errors: Mapping[str, Sequence[type_text]] | None = None, /, **fields: type_text) -> None:
        super().__init__()
        self.errors: dict[str, list[str]] = {k: [str(m) for m in v] for k, v in (errors or {}).items()}
        for name, text in fields.items():
            self.errors.setdefault(name, []).append(str(text))


class Unscoped(RuntimeError):
    """A programmer asked for rows without saying for whom. Never shown to a person: it is a bug."""
