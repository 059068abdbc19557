"""Reads the next step out of what somebody typed: 「明日10時 電話」「11/28 14:00 訪問 見積持参」 "call tomorrow 10am".

Rules, no guessing: the same words at the same moment always give the same step, and what was read is shown before it
is kept. A sentence is a step when it names a day or hour ahead and either begins with it or ends in something to do;
a sentence that tells of the past never is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from noren.core.base.japan.calendar import is_business_day
from noren.core.base.period import add_months

LONGEST = 20_000  # characters of a text that are looked at


@dataclass(frozen=True, slots=True)
class Step:
    """A step as read. `source`: the sentence it came from; `whole`: nothing else was written."""

    kind: str
    due_at: datetime
    is_all_day: bool
    minutes: int | None
    subject: str
    source: str
    whole: bool


class _Day(NamedTuple):
    start: int
    end: int
    day: date


class _Hour(NamedTuple):
    start: int
    end: int
    at: time
    minutes: int | None


KINDS = (
    ("call", r"電話|架電|TEL|コール|\bcall\b|\bphone\b|\bring\b"),
    ("visit", r"訪問|往訪|伺|来社|現地調査|現調|立ち?会い|\bvisit\b"),
    ("mail", r"メール|返信|\be-?mail\b|\bmail\b|\breply\b"),
    ("meeting", r"会議|打ち?合わ?せ|ミーティング|面談|商談|MTG|Zoom|Teams|\bmeet(?:ing)?\b"),
)
_KIND = [(kind, re.compile(words, re.IGNORECASE | re.ASCII)) for kind, words in KINDS]
_ANY_KIND = "|".join(words for _kind, words in KINDS)
_TO_DO = re.compile(
    rf"(?:{_ANY_KIND}|送付|提出|確認|連絡|持参|準備|作成|手配|回答|提示|お礼)"
    r"(?:を|に|の|が)?(?:する|します|入れる|いたします|致します|行く|行きます|う|予定|約束|こと|待ち)*(?:です)?[\s.,)]*$",
    re.IGNORECASE | re.ASCII,
)
_PAST = re.compile(r"(?:ました|でした|だった|(?<!ま)した|った|んだ|いた|えた|済み?|完了)(?:。|\W)*$|\b(?:called|met|visited|sent|mailed|spoke|was|were|did|yesterday|ago)\b|\blast (?:week|month|mon|tue|wed|thu|fri)")  # fmt: skip
_SENTENCE = re.compile(r"[^。\n!?！？]+")
_DAYS = "月火水木金土日"
_ENGLISH_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PAREN = rf"(?:\s*[(]\s*[{_DAYS}](?:曜日?)?\s*[)])?"
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_NEAR = {"今日": 0, "本日": 0, "明日": 1, "あした": 1, "あす": 1, "翌日": 1, "明後日": 2, "あさって": 2, "明々後日": 3, "しあさって": 3,
         "today": 0, "tomorrow": 1, "day after tomorrow": 2}  # fmt: skip
_PAST_REACH = timedelta(days=92)  # 11/18 written on 11/20 is two days ago; 1/15 is next January


def _weekday(today: date, weekday: int, weeks: int | None) -> date:
    monday = today - timedelta(days=today.weekday())
    if weeks is not None:
        return monday + timedelta(days=weekday, weeks=weeks)
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _in_weeks(word: str | None) -> int | None:
    return {"今週": 0, "this": 0, "来週": 1, "next": 1, "再来週": 2}.get((word or "").lower())


def _month_day(today: date, month: int, day: int) -> date:
    found = date(today.year, month, day)
    return found if found >= today - _PAST_REACH else date(today.year + 1, month, day)


def _bare_day(today: date, day: int) -> date:
    month = today.replace(day=1)
    return (month if day >= today.day else add_months(month, 1)).replace(day=day)


def _month_end(today: date, months: int) -> date:
    return add_months(today.replace(day=1), months + 1) - timedelta(days=1)


def _business(today: date, count: int) -> date:
    day = today
    for _step in range(min(count, 400)):
        day += timedelta(days=1)
        while not is_business_day(day):
            day += timedelta(days=1)
    return day


Rule = Callable[["re.Match[str]", date], date]


def _rule(pattern: str, make: Rule) -> tuple[re.Pattern[str], Rule]:
    return re.compile(pattern, re.IGNORECASE | re.ASCII), make


RULES: list[tuple[re.Pattern[str], Rule]] = [
    _rule(rf"(\d{{4}})[/.-](\d{{1,2}})[/.-](\d{{1,2}})(?!\d){_PAREN}", lambda m, _t: date(int(m[1]), int(m[2]), int(m[3]))),
    _rule(rf"(\d{{4}})年\s*(\d{{1,2}})月\s*(\d{{1,2}})日{_PAREN}", lambda m, _t: date(int(m[1]), int(m[2]), int(m[3]))),
    _rule(rf"(?<![\d/.])(\d{{1,2}})/(\d{{1,2}})(?![\d/]){_PAREN}", lambda m, t: _month_day(t, int(m[1]), int(m[2]))),
    _rule(rf"(?<!\d)(\d{{1,2}})月\s*(\d{{1,2}})日{_PAREN}", lambda m, t: _month_day(t, int(m[1]), int(m[2]))),
    _rule(rf"(今月|来月|再来月)の?\s*(\d{{1,2}})日{_PAREN}", lambda m, t: add_months(t.replace(day=1), ("今月", "来月", "再来月").index(m[1])).replace(day=int(m[2]))),
    _rule(r"(今月|来月)?の?(?:月末|末日)|(今月|来月)末", lambda m, t: _month_end(t, 1 if "来月" in m[0] else 0)),
    _rule(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?\b", lambda m, t: _month_day(t, _MONTHS.index(m[1].lower()) + 1, int(m[2]))),
    _rule(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH}\b", lambda m, t: _month_day(t, _MONTHS.index(m[2].lower()) + 1, int(m[1]))),
    _rule(rf"(?:(今週|来週|再来週)の?\s*)([{_DAYS}])(?:曜日?)?(?![{_DAYS}])", lambda m, t: _weekday(t, _DAYS.index(m[2]), _in_weeks(m[1]))),
    _rule(rf"(?:次の|今度の)?([{_DAYS}])曜日?", lambda m, t: _weekday(t, _DAYS.index(m[1]), None)),
    _rule(r"(今週|来週|再来週)中", lambda m, t: _weekday(t, 4, _in_weeks(m[1]))),
    _rule(r"(来週|再来週)(?![のにはも]?\s*\d|まで)", lambda m, t: _weekday(t, 0, _in_weeks(m[1]))),
    _rule(r"\b(?:(this|next)\s+)?(mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b", lambda m, t: _weekday(t, _ENGLISH_DAYS.index(m[2][:3].lower()), _in_weeks(m[1]))),
    _rule(r"\bnext\s+week\b", lambda _m, t: _weekday(t, 0, 1)),
    _rule(r"(?<!\d)(\d{1,3})\s*営業日後", lambda m, t: _business(t, int(m[1]))),
    _rule(r"(?<!\d)(\d{1,3})\s*日後|\bin\s+(\d{1,3})\s+days?\b", lambda m, t: t + timedelta(days=int(m[1] or m[2]))),
    _rule(r"(?<!\d)(\d{1,2})\s*週間?後|\bin\s+(\d{1,2})\s+weeks?\b", lambda m, t: t + timedelta(weeks=int(m[1] or m[2]))),
    _rule(r"(?<!\d)(\d{1,2})\s*[かヶケカ箇]月後|\bin\s+(\d{1,2})\s+months?\b", lambda m, t: add_months(t, int(m[1] or m[2]))),
    _rule("|".join(sorted(map(re.escape, (w for w in _NEAR if not w.isascii())), key=len, reverse=True)), lambda m, t: t + timedelta(days=_NEAR[m[0]])),
    _rule(r"\b(?:the\s+)?(day after tomorrow|tomorrow|today)\b", lambda m, t: t + timedelta(days=_NEAR[m[1].lower()])),
    _rule(rf"(?<![\d/月:.])(\d{{1,2}})日(?![間前後分々以目比経])(?!\d*[本当]){_PAREN}", lambda m, t: _bare_day(t, int(m[1]))),
]  # fmt: skip
"""Ways to name a day, the more exact first."""

_END = r"(?:\s*[-~〜]\s*(\d{1,2})(?:[:時](\d{2})?)?分?)?"
HOURS = [
    re.compile(
        rf"(午前|午後|朝|夜|夕方)?(?<!\d)(\d{{1,2}}):(\d{{2}})(?!\d)\s*([ap]m)?{_END}", re.IGNORECASE | re.ASCII
    ),
    re.compile(rf"(午前|午後|朝|夜|夕方)?の?(?<!\d)(\d{{1,2}})時(?!間)(?:(\d{{1,2}})分|(半))?{_END}", re.ASCII),
    re.compile(r"(?:\bat\s+)?\b(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\b\.?", re.IGNORECASE | re.ASCII),
]
_NAMED = (
    (re.compile(r"朝一|朝イチ"), time(9)),
    (re.compile(r"夕方"), time(17)),
    (re.compile(r"正午|昼一|\bnoon\b"), time(12)),
)
_NAMED_WHO = re.compile(r"@\S+\s?")  # whom it calls is not part of what is to be done
_LEAD = re.compile(r"^(?:[\s、,:・―-]|までに|まで|には|から|ごろ|頃|[にのはへ](?=.)|(?:on|at|by)\b)+", re.IGNORECASE)
_TRAIL = re.compile(r"(?:[\s、,:・]|\b(?:on|at|by)\b)+$", re.IGNORECASE)


def read_step(text: str, now: datetime, *, planned: bool = False) -> Step | None:
    """The first step in a text, or None. `now` in the writer's zone; `planned`: the writer said that it is one, so that
    any sentence that names a time will do and one that names none is for today."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).replace("〜", "~")
    sentences = [part.strip() for part in _SENTENCE.findall(plain) if part.strip()]
    for sentence in sentences:
        found = _in_sentence(sentence, now, planned=planned, whole=len(sentences) == 1)
        if found is not None:
            return found
    if planned and sentences:
        subject = sentences[0][:200]
        return Step(_kind(subject), _start(now.date(), now), True, None, subject, sentences[0], len(sentences) == 1)
    return None


def _in_sentence(sentence: str, now: datetime, *, planned: bool, whole: bool) -> Step | None:
    if _PAST.search(sentence) and not planned:
        return None
    day, hour = _day(sentence, now.date()), _hour(sentence)
    if hour is not None and day is not None and hour.start < day.end and day.start < hour.end:
        hour = None
    if day is None and hour is None:
        return None
    on = day.day if day else now.date()
    due = _start(on, now) if hour is None else datetime.combine(on, hour.at, now.tzinfo)
    if (due <= now if hour else on < now.date()) and not planned:
        return None
    spans = sorted(span[:2] for span in (day, hour) if span is not None)
    rest = sentence
    for start, end in reversed(spans):
        rest = f"{rest[:start].rstrip()}{_joint(rest, start)}{_LEAD.sub('', rest[end:])}"
    rest = _TRAIL.sub("", _LEAD.sub("", _NAMED_WHO.sub("", rest))).strip()
    begins = not _LEAD.sub("", sentence[: spans[0][0]]).strip()
    kind = _kind(rest)
    if not planned and not (begins or _TO_DO.search(rest) or (kind != "task" and rest.isascii())):
        return None
    return Step(kind, due, hour is None, hour.minutes if hour else None, rest[:200], sentence, whole)


def _joint(text: str, at: int) -> str:
    return " " if at and text[at - 1].isspace() else ""


def _start(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(0), now.tzinfo)


def _kind(text: str) -> str:
    found = [(m.start(), kind) for kind, words in _KIND if (m := words.search(text))]
    return min(found)[1] if found else "task"


def _day(sentence: str, today: date) -> _Day | None:
    for words, make in RULES:
        for match in words.finditer(sentence):
            try:
                return _Day(match.start(), match.end(), make(match, today))
            except (ValueError, OverflowError):  # the 31st of a short month, the 45th: no such day
                continue
    return None


def _hour(sentence: str) -> _Hour | None:
    for at, words in enumerate(HOURS):
        for match in words.finditer(sentence):
            found = _english(match) if at == 2 else _clock(match)
            if found is not None:
                return found
    for words, moment in _NAMED:
        if named := words.search(sentence):
            return _Hour(named.start(), named.end(), moment, None)
    return None


def _clock(match: re.Match[str]) -> _Hour | None:
    half, hour, minute, fourth, end_hour, end_minute = match.groups()
    minutes = 30 if fourth == "半" else int(minute or 0)
    hours = int(hour)
    if hours < 12 and (half in ("午後", "夜", "夕方") or (fourth or "").lower() == "pm"):
        hours += 12
    if hours == 12 and (fourth or "").lower() == "am":
        hours = 0
    if hours > 23 or minutes > 59:
        return None
    lasts = None
    if end_hour is not None:
        until = int(end_hour) * 60 + int(end_minute or 0)
        lasts = until - (hours * 60 + minutes)
        lasts = lasts if 0 < lasts <= 24 * 60 else None
    return _Hour(match.start(), match.end(), time(hours, minutes), lasts)


def _english(match: re.Match[str]) -> _Hour | None:
    hours, minutes = int(match[1]), int(match[2] or 0)
    if not 1 <= hours <= 12 or minutes > 59:
        return None
    return _Hour(match.start(), match.end(), time(hours % 12 + (12 if match[3].lower() == "p" else 0), minutes), None)
