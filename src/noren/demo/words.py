"""What differs between the Japanese and the English demo firm: names and sentences. Their structure is the same.

Firms and people are made up; addresses for mail lie in the domains reserved for examples, telephone numbers in ranges
that are never given out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Lists that stand for the same things in both languages have the same length."""

    locale: str
    firm: str
    currency: str
    domain: str  # of our own people
    teams: tuple[str, str, str, str]  # all sales, first, second, support
    colleagues: tuple[tuple[str, str], ...]  # name, reading
    products: tuple[tuple[str, str, str], ...]  # name, family, unit
    price_list: str
    roots: tuple[tuple[str, str], ...]  # of company names: as written, reading (English: word for the mail address)
    trades: tuple[tuple[str, str, str], ...]  # what a company does: as written, reading, industry
    forms: tuple[tuple[str, str], ...]  # (before, after) the name
    places: tuple[tuple[str, str, str, str], ...]  # prefecture, city, postal code, start of telephone numbers
    families: tuple[tuple[str, str, str], ...]  # as written, reading, in the mail address
    givens: tuple[tuple[str, str, str], ...]
    departments: tuple[str, ...]
    posts: tuple[str, ...]
    deal_titles: tuple[str, ...]  # with {product}
    sources: tuple[str, ...]
    meetings: tuple[str, ...]  # how we met people
    competitors: tuple[str, ...]
    loss_notes: tuple[tuple[str, ...], ...]  # one tuple for each reason of found_pipeline
    steps: tuple[tuple[str, str], ...]  # kind, subject of what is to be done next
    notes: dict[str, tuple[tuple[str, str], ...]]  # kind -> (subject, text)
    mentions: tuple[tuple[int, str], ...]  # which colleague is asked, and what
    file: tuple[str, str]  # name and text
    plans: tuple[str, ...]  # choices of the custom field
    plan_labels: tuple[str, str]
    views: tuple[tuple[str, str, str], ...]  # noun, name, query
    consent_wording: str
    mobile: str
