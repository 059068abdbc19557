"""Charts: numbers reach the drawing, the table and the labels; text is escaped; odd input does no harm."""

import re

import pytest

from noren.core.page.numbers import charts


def test_ticks_are_round_and_cover_the_values() -> None:
    assert charts.ticks(5150) == [0, 2000, 4000, 6000]
    assert charts.ticks(1) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    spots = charts.ticks(42, -7)
    assert spots[0] <= -7
    assert spots[-1] >= 42


def test_bullet_stays_within_its_track() -> None:
    assert 'class="f1" width="100%"' in charts.bullet(250, "done")
    assert 'class="f1" width="0%"' in charts.bullet(-5, "done")
    assert 'class="mark" x="55.4%"' in charts.bullet(48.7, "won", pace=55.4)


def test_sparkline_of_one_value_is_nothing_and_of_equal_values_is_flat() -> None:
    assert charts.sparkline([3], "x") == ""
    assert len(set(re.findall(r" ([\d.]+)L", charts.sparkline([2, 2, 2], "x").split('class="ln"')[1]))) == 1


def test_columns_show_the_same_numbers_in_drawing_and_table() -> None:
    words = charts.Words("Won", "Expected", "Plan", "Last year")
    chart = charts.columns(
        [charts.Column("Oct", 3460, 0, 3700, 3190), charts.Column("Nov", 2380, 1420, 4000)], words, now=1
    )
    assert 'data-tip="Nov\nWon 2,380\nExpected 1,420\nPlan 4,000"' in chart.svg
    assert "<td>3,460</td><td>0</td><td>3,700</td><td>3,190</td>" in chart.table
    assert "<td>2,380</td><td>1,420</td><td>4,000</td><td>—</td>" in chart.table
    assert chart.legend.count("<span>") == 4


def test_column_height_is_in_proportion() -> None:
    chart = charts.columns([charts.Column("a", 2000), charts.Column("b", 4000)], charts.Words("Won"))
    small, large = (float(each) for each in re.findall(r'class="f1"[^>]*height="([\d.]+)"', chart.svg))
    assert large == pytest.approx(2 * small, rel=0.01)


def test_stacked_parts_add_up_to_the_total() -> None:
    chart = charts.stacked(["Jan"], [("Fair", [3]), ("Web", [4])])
    assert "Total 7" in chart.svg or "7" in chart.table
    assert "<td>3</td><td>4</td><td>7</td>" in chart.table


def test_line_breaks_where_a_value_is_missing() -> None:
    chart = charts.line(["a", "b", "c", "d"], [1, 2, None, 4], "Rate", [(0, 2), (1, 3), None, (3, 5)], "95%")
    assert chart.svg.count('class="ln"') == 2
    assert chart.svg.count('class="b80"') == 2
    assert '<th scope="row">c</th><td>—</td><td>—</td>' in chart.table


def test_line_without_values_still_draws_its_frame() -> None:
    assert "<svg" in charts.line(["a"], [None], "Rate").svg


def test_funnel_tells_the_share_that_went_on() -> None:
    assert "<td>50</td><td>25%</td>" in charts.funnel([("In", 200), ("Talk", 50)], "deals", "onward").table


def test_funnel_of_nothing_divides_by_nothing() -> None:
    assert "—" in charts.funnel([("In", 0), ("Talk", 0)], "deals", "onward").table


def test_horizontal_bars_have_at_most_one_that_needs_a_hand() -> None:
    chart = charts.hbars([("A", 3), ("B", 1)], "rate", worst=1)
    assert chart.svg.count('class="fshu"') == 1


def test_survival_falls_in_steps() -> None:
    chart = charts.survival(
        [charts.Step(4, 0.5, 0.3, 0.7, 10), charts.Step(8, 0.25, 0.1, 0.5, 4)], "there", "day", "watched", 6, "standard"
    )
    assert "standard" in chart.svg
    assert "<td>50.0%</td><td>30.0%–70.0%</td><td>10</td>" in chart.table
    assert charts.survival([], "there", "day", "watched").svg == ""


def test_forecast_stacks_its_parts_from_the_floor() -> None:
    svg = charts.forecast([("won", 50), ("pipe", 50)], 100, "Oct", plan=80, expected=(60, 70, 90), height=108)
    assert 'class="k-won" x="45%" width="36%" y="58" height="50"' in svg
    assert 'class="k-pipe" x="45%" width="36%" y="8" height="50"' in svg


@pytest.mark.parametrize(
    "made",
    [
        lambda evil: charts.columns([charts.Column(evil, 1)], charts.Words(evil, evil, evil, evil)),
        lambda evil: charts.stacked([evil], [(evil, [1])]),
        lambda evil: charts.line([evil], [1], evil, [(0, 2)], evil, 1, evil),
        lambda evil: charts.hbars([(evil, 1)], evil, heading=evil),
        lambda evil: charts.funnel([(evil, 2), (evil, 1)], evil, evil),
        lambda evil: charts.survival([charts.Step(1, 0.5, 0.4, 0.6, 3)], evil, evil, evil, 1, evil),
    ],
)
def test_text_is_escaped(made) -> None:  # type: ignore[no-untyped-def]
    chart = made('<b onclick="x">"&')
    whole = chart.svg + chart.table + chart.legend
    assert "<b " not in whole
    assert 'onclick="' not in whole


def test_no_inline_style_anywhere() -> None:
    chart = charts.columns([charts.Column("a", 1, 2, 3, 4)], charts.Words("w", "e", "p", "l"))
    assert "style=" not in chart.svg + chart.table + chart.legend
