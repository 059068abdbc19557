"""Text made safe for markup. Django's own `escape` and `mark_safe` first look whether they were given a text that is not known
yet, which takes longer than all the rest; a page has hundreds of pieces, all of them known."""

from __future__ import annotations

import html
import re
from typing import Any

from django.utils.safestring import SafeString

_SIGNS = re.compile("[&<>\"']")


def plain(text: Any) -> str:
    """Text that is safe in markup; the quick way for what is nearly always plain already."""
    text = str(text)
    return html.escape(text) if _SIGNS.search(text) else text


def plains(texts: list[str]) -> list[str]:
    """The same for a column of texts."""
    return [plain(text) for text in texts] if _SIGNS.search("".join(texts)) else texts


def escape(text: Any) -> SafeString:
    """The same, to be given on as markup."""
    return SafeString(plain(text))


def conditional_escape(text: Any) -> SafeString:
    """The same, but markup stays as it is."""
    if isinstance(text, SafeString):
        return text
    return SafeString(text.__html__()) if hasattr(text, "__html__") else escape(text)
