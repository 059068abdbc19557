"""The languages that the demo firm speaks."""

from __future__ import annotations

from noren.demo import en, ja
from noren.demo.words import Words


def words(language: str) -> Words:
    return en.WORDS if language == "en" else ja.WORDS
