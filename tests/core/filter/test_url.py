"""A filter survives its way through an address."""

from __future__ import annotations

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from noren.core.access.actor import HOUSE
from noren.core.filter.condition import OPS, All, BadFilter, Cond, F
from noren.core.filter.sql import to_q
from noren.core.filter.url import from_params, to_params
from noren.core.filter.vocabulary import Term
from noren.core.filter.when import When


def test_no_to_empty_means_filled() -> None:
    assert from_params({"note__empty": ["0"]}) == F(All((Cond("note", "filled"),)))
    assert from_params({"note__empty": ["1"]}) == F(All((Cond("note", "empty"),)))
    assert from_params({"note__filled": ["no"]}) == F(All((Cond("note", "empty"),)))


texts = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
conditions = st.builds(
    lambda name, op, value, many: (
        Cond(name, op) if op in ("empty", "filled") else Cond(name, op, many if op in ("in", "out") else value)
    ),
    st.sampled_from(["stage", "owner__team", "amount", "extra.region"]),
    st.sampled_from([op for op in OPS if op != "is"]),
    texts,
    st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple),
)


@given(st.lists(conditions, max_size=5, unique_by=lambda c: (c.field, c.op)))
def test_the_address_gives_the_filter_back(parts: list[Cond]) -> None:
    where = F(All(tuple(parts)))
    pairs: dict[str, list[str]] = {}
    for name, value in to_params(where):
        pairs.setdefault(name, []).append(value)

    assert set(from_params(pairs).conditions()) == set(where.conditions())


@given(st.lists(conditions, max_size=4))
def test_json_gives_the_filter_back(parts: list[Cond]) -> None:
    where = F(All(tuple(parts))) | ~F(All(tuple(parts[:1])))

    assert F.from_json(where.to_json()) == where


def test_what_is_wrong_with_a_filter_is_said_in_the_language_of_the_reader() -> None:
    class Nothing:
        def term(self, name: str) -> Term | None:
            return None

    with override("en"), pytest.raises(BadFilter, match=r"There is no field “nofield” to filter by\."):
        to_q(F(nofield=1), Nothing(), When.now(HOUSE))
