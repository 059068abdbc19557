"""Numbers as SQL: one grouped query per kind of fact, whatever the number of cells.

The inner query is Django's: rows the actor may see, filtered, with short names for what is counted. The outer query groups
them; totals come from the same pass (GROUPING SETS), so a total is never made of its parts' ratios. Local days, fiscal
months and weeks reach the database as a list of borders (`width_bucket`), never as arithmetic.
"""

from __future__ import annotations

from noren.core.metric.sql.chosen import (
    LocalDay,
    condition,
    date_path,
    expression,
    flag,
    leaf_condition,
    member,
    number_of,
    then,
)
from noren.core.metric.sql.flows import first_and_last, flow_rows, flows
from noren.core.metric.sql.spans import THEN, is_live, past_of, spans_at
from noren.core.metric.sql.steps import conversions, who_came
from noren.core.metric.sql.stocks import NoHistory, stock_condition, stock_rows, stocks
from noren.core.metric.sql.tally import QUANTILES, TOTAL, Key, Tallies, Tally, whole
from noren.core.metric.sql.waits import Waits, stay_rows, stays, survival_rows, survivals, waits

__all__ = ["QUANTILES", "THEN", "TOTAL", "Key", "LocalDay", "NoHistory", "Tallies", "Tally", "Waits", "condition", "conversions", "date_path", "expression", "first_and_last", "flag", "flow_rows", "flows", "is_live", "leaf_condition", "member", "number_of", "past_of", "spans_at", "stay_rows", "stays", "stock_condition", "stock_rows", "stocks", "survival_rows", "survivals", "then", "waits", "who_came", "whole"]  # fmt: skip
