"""Text made safe for markup: the same as Django makes it, whatever kind of text comes."""

from __future__ import annotations

import pytest
from django.utils import html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from noren.core.page.markup import conditional_escape, escape, plain, plains

TEXTS = ["", "山田 & Co.", '<b>"太"</b>\'s', "plain", 5, None, SafeString("<i>"), gettext_lazy("Search")]


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_escaped_as_by_django(text: object) -> None:
    assert plain(text) == escape(text) == html.escape(text)
    assert conditional_escape(text) == html.conditional_escape(text)
    assert isinstance(escape(text), SafeString)
    assert isinstance(conditional_escape(text), SafeString)


def test_a_column_of_texts_is_escaped_one_by_one() -> None:
    assert plains(["a", "b"]) == ["a", "b"]
    assert plains(["a", "<"]) == ["a", "&lt;"]
