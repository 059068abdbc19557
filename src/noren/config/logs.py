"""Lines of the log. The address of a one-time link is a key: whoever reads it in a log could set the password."""

from __future__ import annotations

import logging
import re

LINK = re.compile(r"((?:/|%2F)link(?:/|%2F))[^/%\s?#\"'<>]+", re.IGNORECASE)


class Line(logging.Formatter):
    """A line whose one-time links are cut, wherever in it they stand: message, address come from, or trace."""

    def format(self, record: logging.LogRecord) -> str:
        return LINK.sub(r"\1…", super().format(record))
