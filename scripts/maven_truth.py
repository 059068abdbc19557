#!/usr/bin/env python3
"""Every figure of the Maven "CRM Sales Opportunities" data, computed from its CSV files with nothing of noren.

    python scripts/maven_truth.py FOLDER [--as-of 2017-12-31]

Prints JSON. It is the other side of the acceptance check: the same figures must come out of `noren ask`. So it imports
nothing but the standard library, reads files with the csv module only, and adds up row by row in plain loops.

Definitions (dates are calendar days without a clock, all included on both sides)
  closed        stage Won or Lost; belongs to the period of its close_date.
  open as of D  engage_date <= D and (no close_date or close_date > D): a deal closed on D is no longer open on D. The
                Prospecting deals have no engage_date; no day is known for them, so they enter no as-of figure.
  cohort        deals by the calendar quarter of engage_date, with what has become of them by the as-of day.
  list value    the product's sales_price; each deal is one unit. Open and lost deals carry no usable close_value (empty,
                or 0 for each lost one).
  win rate by value, at list
                sum of list over won / sum of list over won and lost. With close_value for the won ones and list for the
                lost ones it is a little lower ("won_at_amount"): the first compares like with like and is the definition.
  cycle         close_date - engage_date in days; same-day is 0.
  wait          close_date - engage_date when closed, else as-of - engage_date and censored. Deals ending on a day are
                counted at risk with those censored on that day.
  KM median     the first day t with S(t) <= 0.5; won and lost both end the wait.
  CIF           Aalen-Johansen share that has ended by won (or lost) up to and including day t.
  velocity      open as of the as-of day x win rate x mean won amount / mean won cycle, over all time.
  product       `GTXPro` in the pipeline is `GTX Pro` in the products; `technolgy` is `technology`.
"""

import argparse
import csv
import json
import math
import sys
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

Row = dict[str, Any]
SPELLING = {"GTXPro": "GTX Pro", "technolgy": "technology"}
ENDS = ("2017-03-31", "2017-06-30", "2017-09-30", "2017-12-31")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def load(folder: Path) -> list[Row]:
    price = {row["product"]: int(row["sales_price"]) for row in read(folder / "products.csv")}
    team = {row["sales_agent"]: row for row in read(folder / "sales_teams.csv")}
    sector = {row["account"]: SPELLING.get(row["sector"], row["sector"]) for row in read(folder / "accounts.csv")}
    deals = []
    for row in read(folder / "sales_pipeline.csv"):
        product = SPELLING.get(row["product"], row["product"])
        deals.append(
            {
                "id": row["opportunity_id"],
                "agent": row["sales_agent"],
                "manager": team[row["sales_agent"]]["manager"],
                "region": team[row["sales_agent"]]["regional_office"],
                "product": product,
                "account": row["account"],
                "sector": sector.get(row["account"], ""),
                "stage": row["deal_stage"],
                "start": date.fromisoformat(row["engage_date"]) if row["engage_date"] else None,
                "end": date.fromisoformat(row["close_date"]) if row["close_date"] else None,
                "amount": int(row["close_value"]) if row["close_value"] else None,
                "list": price[product],
            }
        )
    return deals


def quarter(day: date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"


def middle(values: list[int]) -> float | None:
    values = sorted(values)
    half = len(values) // 2
    if not values:
        return None
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def average(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None


def wilson(k: int, n: int) -> list[float] | None:
    if not n:
        return None
    z, p = 1.96, k / n
    root = z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return [(p + z * z / 2 / n + sign * root) / (1 + z * z / n) for sign in (-1, 1)]


def figures(deals: list[Row]) -> Row:
    """Of the closed among `deals`: counts, rate with interval, money, cycle."""
    won = [d for d in deals if d["stage"] == "Won"]
    lost = [d for d in deals if d["stage"] == "Lost"]
    closed = won + lost
    cycles = [(d["end"] - d["start"]).days for d in won]
    won_list, closed_list = sum(d["list"] for d in won), sum(d["list"] for d in closed)
    revenue = sum(d["amount"] for d in won)
    return {
        "closed": len(closed),
        "won": len(won),
        "lost": len(lost),
        "win_rate": len(won) / len(closed) if closed else None,
        "wilson": wilson(len(won), len(closed)),
        "win_rate_value": won_list / closed_list if closed else None,
        "revenue": revenue,
        "won_list": won_list,
        "closed_list": closed_list,
        "average_amount": average([d["amount"] for d in won]),
        "median_amount": middle([d["amount"] for d in won]),
        "average_cycle": average(cycles),
        "median_cycle": middle(cycles),
    }


def grouped(deals: list[Row], key: str) -> Row:
    groups: dict[str, list[Row]] = defaultdict(list)
    for deal in deals:
        if key in ("quarter", "month"):
            if deal["end"] is None:
                continue
            name = quarter(deal["end"]) if key == "quarter" else deal["end"].isoformat()[:7]
        else:
            name = deal[key]
        groups[name].append(deal)
    return {name: figures(groups[name]) for name in sorted(groups)}


def is_open(deal: Row, day: date) -> bool:
    return deal["start"] is not None and deal["start"] <= day and (deal["end"] is None or deal["end"] > day)


def survival(deals: list[Row], as_of: date) -> Row:
    """Day by day from 0: who waits, who wins, who loses, who is only seen this far."""
    ends: Counter[tuple[int, str]] = Counter()
    for deal in deals:
        if deal["start"] is None or deal["start"] > as_of:
            continue
        closed = deal["end"] is not None and deal["end"] <= as_of
        ends[((deal["end"] if closed else as_of) - deal["start"]).days, deal["stage"] if closed else "open"] += 1
    at_risk = n = sum(ends.values())
    waiting, won, lost, won_alone, median = 1.0, 0.0, 0.0, 1.0, None
    line: dict[int, list[float]] = {}
    for day in range(max((t for t, _ in ends), default=0) + 1):
        w, x, o = ends[day, "Won"], ends[day, "Lost"], ends[day, "open"]
        if at_risk:
            won += waiting * w / at_risk
            lost += waiting * x / at_risk
            waiting *= 1 - (w + x) / at_risk
            won_alone *= 1 - w / at_risk
        at_risk -= w + x + o
        if median is None and waiting <= 0.5 + 1e-12:  # a product of many factors may miss one half by its last digit
            median = day
        line[day] = [won, lost, waiting, 1 - won_alone]
    last = max(line)
    curve = {
        str(day): dict(zip(("won", "lost", "waiting", "won_if_lost_were_censored"), line[min(day, last)], strict=True))
        for day in (7, 30, 60, 69, 90, 120, 138)
    }
    return {"n": n, "median": median, "at": curve}


def cohorts(deals: list[Row], as_of: date) -> Row:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for deal in deals:
        if deal["start"] is None or deal["start"] > as_of:
            continue
        outcome = "open" if deal["end"] is None or deal["end"] > as_of else deal["stage"].lower()
        table[quarter(deal["start"])].update(["engaged", outcome])
    return {
        name: {key: row[key] for key in ("engaged", "won", "lost", "open")}
        | {"won_of_engaged": row["won"] / row["engaged"]}
        for name, row in sorted(table.items())
    }


def bridge(one: Row, two: Row) -> Row:
    """Change of revenue = closed x win rate x average amount, by the logarithmic mean (LMDI); no parts from or to zero."""
    v1, v2 = one["revenue"], two["revenue"]
    if not v1 or not v2:
        return {"change": v2 - v1}
    scale = (v2 - v1) / math.log(v2 / v1) if v1 != v2 else v1
    parts = {name: scale * math.log(two[name] / one[name]) for name in ("closed", "win_rate", "average_amount")}
    return {"change": v2 - v1} | parts


def xmr(values: list[int]) -> Row | None:
    if len(values) < 2:
        return None
    center = sum(values) / len(values)
    step = sum(abs(b - a) for a, b in pairwise(values)) / (len(values) - 1)
    return {"center": center, "low": center - 2.66 * step, "high": center + 2.66 * step, "step_high": 3.267 * step}


def truth(folder: Path, as_of: date) -> Row:
    deals = load(folder)
    pipeline = read(folder / "sales_pipeline.csv")
    won = [d for d in deals if d["stage"] == "Won"]
    closed = [d for d in deals if d["end"]]
    unclosed = [d for d in deals if not d["end"]]
    engaging = [d for d in unclosed if d["stage"] == "Engaging"]
    everything = figures(deals)
    quarters, months = grouped(deals, "quarter"), grouped(deals, "month")
    open_now = [d for d in deals if is_open(d, as_of)]
    longest = max(((d["end"] - d["start"]).days for d in closed), default=0)
    lost_list = everything["closed_list"] - everything["won_list"]
    agents = grouped(deals, "agent")
    by_revenue = sorted(agents, key=lambda name: -agents[name]["revenue"])
    by_rate = sorted((a for a in agents if agents[a]["closed"]), key=lambda name: -agents[name]["win_rate"])
    names = list(quarters)
    velocity = (
        len(open_now) * everything["win_rate"] * everything["average_amount"] / everything["average_cycle"]
        if everything["average_cycle"]
        else None
    )
    return {
        "as_of": as_of.isoformat(),
        "rows": {
            "opportunities": len(deals),
            "accounts": len(read(folder / "accounts.csv")),
            "agents": len(read(folder / "sales_teams.csv")),
            "agents_with_deals": len(agents),
            "products": len(read(folder / "products.csv")),
            "stages": dict(Counter(d["stage"] for d in deals)),
            "missing": {name: sum(not row[name] for row in pipeline) for name in pipeline[0]},
            "lost_with_zero_value": sum(d["stage"] == "Lost" and d["amount"] == 0 for d in deals),
            "misspelled_products": sum(row["product"] in SPELLING for row in pipeline),
        },
        "all": everything,
        "win_rate_value": {
            "at_list": everything["win_rate_value"],
            "won_at_amount": everything["revenue"] / (everything["revenue"] + lost_list),
        },
        "discount_rate": 1 - everything["revenue"] / everything["won_list"],
        "median_cycle_closed": middle([(d["end"] - d["start"]).days for d in closed]),
        "longest_cycle_closed": longest,
        "open_longer_than_any_closed": sum((as_of - d["start"]).days > longest for d in open_now),
        "amount_extremes": [min(d["amount"] for d in won), max(d["amount"] for d in won)],
        "by_quarter": quarters,
        "by_month": months,
        "by_region": grouped(deals, "region"),
        "by_manager": grouped(deals, "manager"),
        "by_product": grouped(deals, "product"),
        "by_sector": grouped(deals, "sector"),
        "by_agent": agents,
        "region_by_quarter": {
            region: grouped([d for d in deals if d["region"] == region], "quarter")
            for region in sorted({d["region"] for d in deals})
        },
        "top_agents": by_revenue[:3],
        "best_win_rates": by_rate[:2],
        "worst_win_rate": by_rate[-1],
        "cohorts": cohorts(deals, as_of),
        "open_as_of": {
            day: {
                "deals": sum(is_open(d, date.fromisoformat(day)) for d in deals),
                "list_value": sum(d["list"] for d in deals if is_open(d, date.fromisoformat(day))),
            }
            for day in ENDS
        },
        "open_list_value": {
            "all": sum(d["list"] for d in unclosed),
            "engaging": sum(d["list"] for d in engaging),
            "deals": len(unclosed),
        },
        "survival": survival(deals, as_of),
        "survival_by_region": {
            region: survival([d for d in deals if d["region"] == region], as_of)
            for region in sorted({d["region"] for d in deals})
        },
        "velocity_per_day": velocity,
        "bridge": {f"{one}-{two}": bridge(quarters[one], quarters[two]) for one, two in pairwise(names)},
        "monthly_revenue_limits": xmr([month["revenue"] for month in months.values()]),
        "cycle_by_month": {name: month["average_cycle"] for name, month in months.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="The true figures of the Maven sales data, as JSON.")
    parser.add_argument("folder", type=Path, help="holds sales_pipeline, accounts, products and sales_teams as .csv")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2017, 12, 31), metavar="DAY")
    args = parser.parse_args()
    try:
        found = truth(args.folder, args.as_of)
    except (OSError, KeyError, ValueError) as error:
        sys.stderr.write(f"{args.folder}: {type(error).__name__}: {error}\n")
        return 1
    json.dump(found, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
