"""Propose which column is which field: by name, by the program it came from, by what the cells look like.

Every proposal carries a confidence from 0 to 1 and a reason, and what cannot be known (whose 担当者, day or month first) is
asked, never decided silently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from noren.core.record.intake.columns import headers
from noren.core.record.intake.columns.looks import (
    BLANK_WORDS,
    DateOrder,
    agreed,
    choice_key,
    date_order,
    is_mobile,
    kind_of,
    lost_zero,
    plain,
    said,
    too_short,
)
from noren.core.record.intake.columns.shape import letters
from noren.core.record.intake.columns.spelling import fold, is_foreign, unit_of

Kind = Literal[
    "text",
    "long",
    "number",
    "money",
    "date",
    "datetime",
    "email",
    "phone",
    "postal",
    "url",
    "choice",
    "link",
    "bool",
    "code",
]
Reason = Literal[
    "same_name",
    "synonym",
    "source",
    "dictionary",
    "content",
    "neighbors",
    "remembered",
    "ambiguous",
    "unknown",
    "ours_not",
    "taken",
    "empty",
]


_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+(/\S*)?")


@dataclass(frozen=True, slots=True)
class Target:
    """A field of the record that is filled. `name` is dotted (`person.email`); `synonyms` are further column names."""

    name: str
    label: str = ""
    kind: Kind = "text"
    choices: frozenset[str] = frozenset()
    """What cells may say, as `choice_key` writes it."""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """The proposal for one column. `field` None: not taken over. `ask`: a person should look; `options`: what it may be."""

    column: int
    header: str
    field: str | None
    confidence: float
    reason: Reason
    ask: bool = False
    options: tuple[str, ...] = ()
    kind: str = ""
    """What the cells look like: email, phone, postal, date, money, number, url, corporate_number, invoice_number or empty."""
    dates: DateOrder | None = None
    blank_words: tuple[str, ...] = ()
    lost_zero: bool = False
    """Telephone numbers or postal codes whose leading zero a spreadsheet seems to have dropped."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The proposals for a table, and the program it seems to come from."""

    columns: tuple[ColumnGuess, ...]
    noun: str
    source: headers.Recognized | None

    @property
    def mapping(self) -> dict[int, str]:
        return {column.column: column.field for column in self.columns if column.field is not None}


_FITS: Mapping[str, frozenset[str]] = {
    "email": frozenset({"email"}),
    "url": frozenset({"url", "email"}),
    "date": frozenset({"date", "datetime"}),
    "datetime": frozenset({"date", "datetime"}),
    "money": frozenset({"money", "number"}),
    "number": frozenset({"number", "money"}),
    "phone": frozenset({"phone", "number"}),
    "postal": frozenset({"postal", "number"}),
}


def guess(
    header: Sequence[str],
    samples: Sequence[Sequence[str]],
    targets: Sequence[Target],
    *,
    noun: str | None = None,
    remembered: Mapping[str, str] | None = None,
) -> Guess:
    """Propose a mapping. `noun` is what the rows are (by default that of the first target); `remembered` maps column names to
    fields as a person chose them for the same header before. No field is proposed for two columns.
    """
    wanted = {target.name: target for target in targets}
    main = noun or (targets[0].name.partition(".")[0] if targets else "")
    found = headers.recognize(header, main) or headers.recognize(header)
    columns = [[row[at] for row in samples if at < len(row)] for at in range(len(header))]
    kinds = [kind_of(values) for values in columns]
    pool: list[tuple[float, int, int, str, Reason]] = []
    asked: dict[int, tuple[str, ...]] = {}
    silent: set[int] = set()
    for at in range(len(header)):
        offers = _offers(header, at, wanted, main, found, remembered or {}, columns[at])
        if offers and offers[0][2] == "ours_not":
            silent.add(at)
            continue
        if offers and offers[0][2] == "ambiguous":
            asked[at] = tuple(field for field, _, _ in offers)
            continue
        if not offers:
            offers = _by_content(kinds[at], columns[at], wanted, main)
        for rank, (field, confidence, reason) in enumerate(offers):
            pool.append((confidence * _fit(wanted[field], kinds[at], columns[at]), -at, -rank, field, reason))
    pool.sort(reverse=True)
    taken: dict[int, tuple[str, float, Reason]] = {}
    used: set[str] = set()
    for confidence, minus_at, _, field, reason in pool:
        if -minus_at not in taken and field not in used:
            taken[-minus_at] = (field, confidence, reason)
            used.add(field)
    _drop_weak(taken, wanted, main, used)
    orders = agreed([date_order(values) for values in columns])
    result = []
    for at, name in enumerate(header):
        options = asked.get(at) or tuple(dict.fromkeys(field for _, minus, _, field, _ in pool if -minus == at))
        field_or_none, confidence, reason = taken.get(at, (None, 0.0, "taken" if set(options) & used else "unknown"))
        if name == letters(at) and not any(value.strip() for value in columns[at]):
            reason = "empty"
        if at in asked:
            reason = "ambiguous"
        elif at in silent:
            reason, confidence = "ours_not", 0.9
        target = wanted.get(field_or_none or "")
        is_date = kinds[at] == "date" or (target is not None and target.kind in ("date", "datetime"))
        dates = orders[at] if is_date else None
        blanks = tuple(sorted({value.strip() for value in columns[at] if plain(value).lower() in BLANK_WORDS}))
        zero = target is not None and lost_zero(columns[at], target.kind)
        ask = (
            at in asked
            or (field_or_none is not None and confidence < 0.6)
            or bool(dates and dates.ask and field_or_none)
        )
        result.append(
            ColumnGuess(
                at,
                name,
                field_or_none,
                round(confidence, 3),
                reason,
                ask,
                options,
                kinds[at],
                dates,
                blanks,
                zero,
            )
        )
    return Guess(tuple(result), main, found)


POOR = 0.4
"""Confidence below which nothing is proposed at all: the name fits and the cells do not."""
SURE = 0.5
"""Confidence below which the look of the cells alone proposes nothing."""
Offer = tuple[str, float, Reason]


def _drop_weak(taken: dict[int, Offer], wanted: Mapping[str, Target], main: str, used: set[str]) -> None:
    """Take proposals back that say nothing: columns of a company that no column names, and fields for which only figures or
    days speak; the latter are still among the options."""
    for at, (field, confidence, reason) in list(taken.items()):
        of = f"{main}.{field.partition('.')[0]}"
        is_nameless = not field.startswith(f"{main}.") and of in wanted and of not in used
        if (
            is_nameless
            or (reason == "content" and confidence < SURE)
            or (reason not in ("remembered", "same_name") and confidence < POOR)
        ):
            del taken[at]
            used.discard(field)


def _offers(
    header: Sequence[str],
    at: int,
    wanted: Mapping[str, Target],
    noun: str,
    found: headers.Recognized | None,
    remembered: Mapping[str, str],
    values: Sequence[str],
) -> list[Offer]:
    """What a column may be by its name, best first, only fields that are wanted."""
    name = header[at]
    bare = re.sub(r" \(\d+\)$", "", name)
    if name in remembered:
        field = remembered[name]
        return [(field, 1.0, "remembered")] if field in wanted else [("-", 0.9, "ours_not")]
    if is_foreign(bare):
        return [("-", 0.9, "ours_not")]
    bare = unit_of(bare)[0] if _has_money(wanted, noun, bare) else bare
    folded = fold(bare)
    offers: list[Offer] = []
    for target in wanted.values():
        if folded in (fold(target.name), fold(target.label or target.name)):
            offers.append((target.name, 1.0 if target.name.startswith(f"{noun}.") else 0.97, "same_name"))
        elif folded in map(fold, target.synonyms):
            offers.append((target.name, 0.95, "synonym"))
    offers.sort(key=lambda offer: -offer[1])
    if found is not None and folded in found.source.fields:
        field = found.source.fields[folded]
        if field == "-" and not offers:
            return [("-", 0.9, "ours_not")]
        offers.append((field, 0.98, "source"))
        if folded.endswith("id") and field.rpartition(".")[2] != "external_id":
            offers[-1] = (field, 0.7, "source")  # a key of that program: the column with the name itself goes before it
        if found.source.noun != noun:
            offers.append((f"{noun}.{field.partition('.')[2]}", 0.8, "source"))
        return _wanted(offers, wanted)
    if folded in headers.AMBIGUOUS and f"{noun}.owner" in wanted:
        theirs = [field for field in ("person.full_name", f"{noun}.person") if field in wanted]
        side = headers.contact_side(header, at)
        if side == "ours" or not theirs:
            return [(f"{noun}.owner", 0.8 if side == "ours" else 0.55, "neighbors")]
        if side == "theirs":
            return [(theirs[0], 0.8, "neighbors")]
        return [(field, 0.5, "ambiguous") for field in (f"{noun}.owner", *theirs)]
    return _by_dictionary(bare, wanted, noun, offers, values)


def _has_money(wanted: Mapping[str, Target], noun: str, name: str) -> bool:
    """Whether a name means an amount or a figure once its unit is left out."""
    plain_name = unit_of(name)[0]
    fields = headers.fields_of(plain_name, noun) or [field for field, _sure in headers.nearly(plain_name, noun)]
    return plain_name != name and any(field in wanted and wanted[field].kind in ("money", "number") for field in fields)


def _by_dictionary(
    bare: str, wanted: Mapping[str, Target], noun: str, offers: list[Offer], values: Sequence[str]
) -> list[Offer]:
    """What the dictionary says, behind better offers: fields of the noun, else of what its rows point at."""
    beside = [field for field in headers.described(bare) if field in wanted and not field.startswith(f"{noun}.")]
    if beside:  # 会社電話番号 in a list of people says whose it is
        return _wanted([(field, 0.9, "dictionary") for field in beside], wanted)
    own = list(headers.fields_of(bare, noun))
    if not own and not offers:
        offers = [
            (field, sure, "dictionary")
            for field, sure in headers.nearly(bare, noun)
            if field in wanted and not too_short(said(values), wanted[field].kind)
        ]
    if {f"{noun}.closed_on", f"{noun}.close_by"} <= set(own):
        blank = any(not value.strip() for value in values)
        own.sort(key=lambda field: field.endswith("close_by") == (blank or not values))
    offers += [(field, 0.92 - 0.06 * rank, "dictionary") for rank, field in enumerate(own)]
    for other in dict.fromkeys(target.partition(".")[0] for target in wanted):
        if other != noun and not own and not offers:
            offers += [
                (field, 0.65 - 0.05 * rank, "dictionary") for rank, field in enumerate(headers.fields_of(bare, other))
            ]
    return _wanted(offers, wanted)


def _wanted(offers: Sequence[Offer], wanted: Mapping[str, Target]) -> list[Offer]:
    best: dict[str, Offer] = {}
    for offer in offers:
        if offer[0] in wanted and offer[0] not in best:
            best[offer[0]] = offer
    return list(best.values())


def _by_content(kind: str, values: Sequence[str], wanted: Mapping[str, Target], noun: str) -> list[Offer]:
    """Fields of the kind the cells look like, when the name says nothing. Money, numbers and dates are weak evidence."""
    if not kind:
        return []
    mine = [target for target in wanted.values() if target.name.startswith(f"{noun}.")]
    named = [target.name for target in mine if target.name.endswith(f".{kind}")]
    same = [target.name for target in mine if target.kind == kind and target.name not in named]
    if kind == "phone":  # a number alone says that it is a mobile one, never that it is a fax
        mobile = [target for target in same if target.endswith(".mobile")]
        named, same = (mobile, named) if is_mobile(values) else (named, [])
    fields = [*named, *same]
    strength = {
        "email": 0.75,
        "postal": 0.7,
        "url": 0.65,
        "phone": 0.6,
        "corporate_number": 0.8,
        "invoice_number": 0.8,
    }.get(kind, 0.4)
    return [(field, strength - 0.05 * rank, "content") for rank, field in enumerate(fields[:4])]


def _fit(target: Target, kind: str, values: Sequence[str]) -> float:
    """How well the cells agree with the field: 1 when they do or cannot tell, less when they clearly do not."""
    fits = _FITS.get(target.kind)
    if values and not any(value.strip() for value in values):
        return 0.99  # of two columns for one field the one that says something is taken
    solid = said(values)
    if not solid:
        return 1.0
    if target.kind == "choice" and target.choices:
        share = sum(1 for value in solid if choice_key(value) in target.choices) / len(solid)
        return 0.3 if not share else 1.0 if share > 0.5 else 0.6
    if fits is None:
        return 1.0
    if target.kind == "url" and _DOMAIN.fullmatch(solid[0]):
        return 1.0
    if kind in fits or (
        target.kind in ("date", "datetime") and kind == "number" and date_order(values).order != "none"
    ):
        return 1.0
    if target.kind in ("phone", "postal", "number", "money") and any(re.search(r"\d", value) for value in values):
        return 0.9
    return 0.55
