"""No cell of an export is a formula, and the mark that prevents it is taken off again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from noren.core.record.guard import guarded, unguarded

LEADS = st.text(alphabet=" \t\r\n'=+-@＝＋－＠\ufeff\u200b\u202e\x00\x0b'\"1a あ", max_size=4)


@given(LEADS, st.text(max_size=20))
def test_what_is_guarded_comes_back_as_it_was(lead: str, rest: str) -> None:
    text = lead + rest
    assert unguarded(guarded(text)) == text


@given(
    st.sampled_from("=+-@＝＋－＠\t\r"),
    st.text(alphabet="abSUM(1)'! ", min_size=1, max_size=12),
    st.text(alphabet=" \ufeff\u200b\x00", max_size=3),
)
def test_no_start_makes_a_formula(sign: str, rest: str, before: str) -> None:
    cell = guarded(f"{before}{sign}x{rest}")
    assert cell.startswith("'")


def test_numbers_and_phone_numbers_stay_as_they_are() -> None:
    for text in ("-12", "+81 3-1111-2222", "-1,234.50", "+819012345678", "12%", "-3%", "a=b", "日本", ""):
        assert guarded(text) == text
