"""The numbers sales can tell."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.core.filter.condition import F
from noren.core.metric.declare import (
    DAYS,
    DOWN,
    MONEY,
    MONEY_PER_DAY,
    PERCENT,
    UP,
    Age,
    Conversion,
    Days,
    Derived,
    Distribution,
    Gap,
    Measure,
    Ratio,
    Stay,
    Stock,
    Survival,
    Total,
    Weighted,
    allocate,
    chapter,
)
from noren.sales.models import Deal

allocate(Deal, "product", _("Product"), through="lines", path="product", weight="share", also=("lines__product",))
allocate(
    Deal, "product_family", _("Product family"), through="lines", path="product__family", weight="share",
    also=("lines__product__family",),
)  # fmt: skip

BY = (
    "owner", "team", "owner__reports_to", "pipeline", "stage", "company", "company__industry", "company__prefecture",
    "source", "product", "product_family",
)  # fmt: skip
LOST_BY = (*BY, "loss_reason", "competitor")
ALL_BY = (*LOST_BY, "outcome")
DATES = {"closed": "closed_on", "opened": "opened_on"}
COHORT = {"opened": "opened_on"}
WON, LOST, OPEN, DECIDED = F(outcome="won"), F(outcome="lost"), F(outcome="open"), F(outcome=("won", "lost"))
CLOSED_ROWS = ("title", "company", "owner", "amount", "closed_on", "outcome", "loss_reason")
WON_ROWS = ("title", "company", "owner", "amount", "opened_on", "closed_on")
OPEN_ROWS = ("title", "company", "stage", "owner", "amount", "opened_on", "close_by")
BINNED = _("Deals in the bin.")
BY_CLOSING = _("The day the deal was won or lost; by the day of opening on request.")

# ---- closed ---------------------------------------------------------------------------------------------------------

won_deals = Measure(
    "won_deals", _("Deals won"), of=Deal, where=WON, dates=DATES, since="closed_on", by=BY, better=UP, drill=WON_ROWS,
    formula=_("Number of deals won"), dated=BY_CLOSING, left_out=BINNED,
)  # fmt: skip
lost_deals = Measure(
    "lost_deals", _("Deals lost"), of=Deal, where=LOST, dates=DATES, since="closed_on", by=LOST_BY, better=DOWN,
    drill=CLOSED_ROWS, formula=_("Number of deals lost"), dated=BY_CLOSING, left_out=BINNED,
)  # fmt: skip
closed_deals = Measure(
    "closed_deals", _("Deals decided"), of=Deal, where=DECIDED, dates=DATES, since="closed_on", by=ALL_BY,
    drill=CLOSED_ROWS, formula=_("Deals won + deals lost"), dated=BY_CLOSING, left_out=_("Open deals; deals in the bin."),
)  # fmt: skip
revenue = Measure(
    "revenue", _("Won revenue"), of=Deal, value=Total("amount"), where=WON, dates=DATES, since="closed_on", by=BY,
    unit=MONEY, better=UP, drill=WON_ROWS, alias="sales.won_amount", formula=_("Sum of the amounts of deals won"),
    dated=BY_CLOSING, left_out=_("Won deals without an amount, shown as missing; deals in the bin. Net of tax."),
)  # fmt: skip
list_won = Measure(
    "won_list_amount", _("Won at list price"), of=Deal, value=Total("list_amount", "amount"), where=WON, dates=DATES,
    since="closed_on", by=BY, unit=MONEY, better=UP, drill=WON_ROWS,
    formula=_("Sum of list amounts of deals won (the amount where no list price is known)"), dated=BY_CLOSING, left_out=BINNED,
)  # fmt: skip
list_closed = Measure(
    "closed_list_amount", _("Decided at list price"), of=Deal, value=Total("list_amount", "amount"), where=DECIDED,
    dates=DATES, since="closed_on", by=BY, unit=MONEY, drill=CLOSED_ROWS,
    formula=_("Sum of list amounts of deals won and lost (the amount where no list price is known)"), dated=BY_CLOSING,
    left_out=BINNED,
)  # fmt: skip

win_rate_count = Ratio(
    "win_rate_count", _("Win rate (count)"), of=won_deals, per=closed_deals, by=LOST_BY, unit=PERCENT, better=UP,
    drill=CLOSED_ROWS, alias="sales.win_rate", formula=_("Deals won ÷ (deals won + deals lost)"), dated=BY_CLOSING,
    left_out=_("Open deals: they are not decided. Deals in the bin."),
)  # fmt: skip
win_rate_value = Ratio(
    "win_rate_value", _("Win rate (value)"), of=list_won, per=list_closed, unit=PERCENT, better=UP, drill=CLOSED_ROWS,
    formula=_("List amount of deals won ÷ list amount of deals won and lost"), dated=BY_CLOSING,
    left_out=_("Open deals; decided deals without any amount, shown as missing; deals in the bin."),
)  # fmt: skip
avg_deal_size = Distribution(
    "avg_deal_size", _("Average deal size"), of=Deal, value=Total("amount"), where=WON, dates=DATES, since="closed_on",
    by=BY, unit=MONEY, better=UP, drill=WON_ROWS, formula=_("Sum of amounts of deals won ÷ number of deals won"),
    dated=BY_CLOSING, left_out=_("Won deals without an amount. Look at the median too: a few large deals lift the mean."),
)  # fmt: skip
sales_cycle = Distribution(
    "sales_cycle", _("Sales cycle"), of=Deal, value=Days("opened_on", "closed_on"), where=WON, dates=DATES,
    since="closed_on", by=BY, unit=DAYS, better=DOWN, drill=WON_ROWS,
    formula=_("Mean of (day won − day opened) over deals won, in calendar days"), dated=BY_CLOSING,
    left_out=_("Deals without a day of opening, shown as missing. Deals still open are not in it: see time to close."),
)  # fmt: skip
decided_cycle = Distribution(
    "decided_cycle", _("Days to a decision"), of=Deal, value=Days("opened_on", "closed_on"), where=DECIDED, dates=DATES,
    since="closed_on", by=LOST_BY, unit=DAYS, better=DOWN, drill=CLOSED_ROWS,
    formula=_("Mean of (day closed − day opened) over deals won and lost, in calendar days"), dated=BY_CLOSING,
    left_out=_("Deals without a day of opening, shown as missing. Deals still open."),
)  # fmt: skip
list_discounted = Measure(
    "list_of_won", _("List amount of priced wins"), of=Deal, value=Total("list_amount"), where=WON & F(amount__filled=True),
    dates=DATES, since="closed_on", by=BY, unit=MONEY, drill=WON_ROWS,
    formula=_("Sum of list amounts of deals won with a known amount"), dated=BY_CLOSING, left_out=BINNED,
)  # fmt: skip
discount = Measure(
    "discount", _("Discount given"), of=Deal, value=Gap("list_amount", "amount"), where=WON, dates=DATES,
    since="closed_on", by=BY, unit=MONEY, better=DOWN, drill=WON_ROWS,
    formula=_("List amount − amount, summed over deals won"), dated=BY_CLOSING,
    left_out=_("Won deals without list prices or amount, shown as missing."),
)  # fmt: skip
discount_rate = Ratio(
    "discount_rate", _("Discount rate"), of=discount, per=list_discounted, unit=PERCENT, better=DOWN, drill=WON_ROWS,
    formula=_("1 − amount ÷ list amount, over deals won"), dated=BY_CLOSING,
    left_out=_("Won deals without list prices or amount, shown as missing."),
)  # fmt: skip

# ---- cohorts by the day of opening ----------------------------------------------------------------------------------

BY_OPENING = _("The day the deal was opened; its outcome as of the day of asking.")
opened_deals = Measure(
    "opened_deals", _("Deals opened"), of=Deal, dates=COHORT, by=ALL_BY, better=UP, drill=OPEN_ROWS,
    formula=_("Number of deals opened"), dated=_("The day the deal was opened."),
    left_out=_("Deals without a day of opening, shown as missing; deals in the bin."),
)  # fmt: skip
_cohort = {
    outcome: Measure(
        f"cohort_{outcome}", label, of=Deal, where=where, dates=COHORT, since=since, until=until, by=BY, drill=OPEN_ROWS,
        formula=words, dated=BY_OPENING, left_out=_("Deals without a day of opening, shown as missing."), better=better,
    )
    for outcome, label, where, since, until, words, better in (
        ("won", _("Opened and won"), WON, "closed_on", "", _("Deals opened in the period and won since"), UP),
        ("lost", _("Opened and lost"), LOST, "closed_on", "", _("Deals opened in the period and lost since"), DOWN),
        ("open", _("Opened and still open"), OPEN, "", "closed_on", _("Deals opened in the period and not decided"), "none"),
    )
}  # fmt: skip
_of_opened = [
    Ratio(
        f"{outcome}_of_opened", label, of=_cohort[outcome], per=opened_deals, by=BY, unit=PERCENT, better=better,
        drill=OPEN_ROWS, formula=_("Deals opened in the period with this outcome ÷ all deals opened in the period"),
        dated=BY_OPENING, left_out=_("Young cohorts still change: compare at equal age. Deals without a day of opening."),
    )
    for outcome, label, better in (
        ("won", _("Won share of opened deals"), UP),
        ("lost", _("Lost share of opened deals"), DOWN),
        ("open", _("Open share of opened deals"), "none"),
    )
]  # fmt: skip

# ---- open on a day --------------------------------------------------------------------------------------------------

ON_A_DAY = _("The end of a day, from the history of stage, owner, amount and outcome.")
UNDATED = _("Open deals without a day of opening, shown as missing; deals in the bin.")
open_deals = Stock(
    "open_deals", _("Open deals"), of=Deal, where=OPEN, known="opened_on", by=BY, drill=OPEN_ROWS,
    formula=_("Number of deals opened by that day and not yet decided"), dated=ON_A_DAY, left_out=UNDATED,
)  # fmt: skip
open_amount = Stock(
    "open_amount", _("Open amount"), of=Deal, value=Total("amount"), where=OPEN, known="opened_on", by=BY, unit=MONEY,
    better=UP, drill=OPEN_ROWS, alias="sales.pipeline_amount", formula=_("Sum of the amounts of open deals"), dated=ON_A_DAY,
    left_out=_("Open deals without a day of opening or without an amount, shown as missing; deals in the bin."),
)  # fmt: skip
open_list_amount = Stock(
    "open_list_amount", _("Open at list price"), of=Deal, value=Total("list_amount", "amount"), where=OPEN,
    known="opened_on", by=BY, unit=MONEY, better=UP, drill=OPEN_ROWS,
    formula=_("Sum of list amounts of open deals (the amount where no list price is known)"), dated=ON_A_DAY,
    left_out=_("Open deals without a day of opening or without any amount, shown as missing; deals in the bin."),
)  # fmt: skip
pipeline_deals = Stock(
    "pipeline_deals", _("Deals on the board"), of=Deal, where=OPEN, by=BY, drill=OPEN_ROWS,
    formula=_("Number of deals not yet decided, with or without a day of opening"), dated=ON_A_DAY, left_out=BINNED,
)  # fmt: skip
pipeline_amount = Stock(
    "pipeline_amount", _("Amount on the board"), of=Deal, value=Total("amount"), where=OPEN, by=BY, unit=MONEY, better=UP,
    drill=OPEN_ROWS, formula=_("Sum of the amounts of all deals not yet decided"), dated=ON_A_DAY,
    left_out=_("Open deals without an amount, shown as missing; deals in the bin."),
)  # fmt: skip
pipeline_list_amount = Stock(
    "pipeline_list_amount", _("Board at list price"), of=Deal, value=Total("list_amount", "amount"), where=OPEN, by=BY,
    unit=MONEY, better=UP, drill=OPEN_ROWS,
    formula=_("Sum of list amounts of all deals not yet decided (the amount where no list price is known)"), dated=ON_A_DAY,
    left_out=_("Open deals without any amount, shown as missing; deals in the bin."),
)  # fmt: skip
weighted_pipeline = Stock(
    "weighted_pipeline", _("Weighted pipeline (by stage, uncalibrated)"), of=Deal,
    value=Weighted("amount", ("probability", "stage__probability")), where=OPEN, by=BY, unit=MONEY, better=UP, drill=OPEN_ROWS,
    formula=_("Sum of amount × probability over open deals; the probability is the deal's own, else its stage's"),
    dated=ON_A_DAY, left_out=_("The probabilities are set by hand and not measured. Deals without an amount, shown as missing."),
)  # fmt: skip

# ---- what needs a hand today ----------------------------------------------------------------------------------------

TODAY_ONLY = _("Today, from the rows as they are now.")
deals_without_next_step = Stock(
    "deals_without_next_step", _("Open deals without a next step"), of=Deal, where=OPEN & F(next_step_at__empty=True), by=BY,
    better=DOWN, drill=OPEN_ROWS, today_only=True, formula=_("Number of open deals with nothing planned"), dated=TODAY_ONLY,
    left_out=BINNED,
)  # fmt: skip
stale_open_deals = Stock(
    "stale_open_deals", _("Open deals over the standard days"), of=Deal, where=OPEN, by=BY, better=DOWN, drill=OPEN_ROWS,
    longer=("stage_since", "stage__standard_days"), today_only=True,
    formula=_("Number of open deals that have been in their stage longer than its standard days"), dated=TODAY_ONLY,
    left_out=_("Stages without standard days; deals in the bin."),
)  # fmt: skip
closing_this_month = Stock(
    "closing_this_month", _("Open deals expected this month"), of=Deal, where=OPEN & F(close_by__on="@this_month"), by=BY,
    drill=OPEN_ROWS, today_only=True, formula=_("Number of open deals whose expected close lies in this month"),
    dated=TODAY_ONLY, left_out=BINNED,
)  # fmt: skip
past_close_date = Stock(
    "past_close_date", _("Open deals past their expected close"), of=Deal, where=OPEN & F(close_by__lt="@today"), by=BY,
    better=DOWN, drill=OPEN_ROWS, today_only=True,
    formula=_("Number of open deals whose expected close has passed"), dated=TODAY_ONLY, left_out=BINNED,
)  # fmt: skip
stage_age = Stock(
    "stage_age_total", _("Days in the present stage, added up"), of=Deal, value=Age("stage_since"), where=OPEN, by=BY,
    unit=DAYS, better=DOWN, drill=OPEN_ROWS, today_only=True, formula=_("Sum of days open deals have been in their stage"),
    dated=TODAY_ONLY, left_out=BINNED,
)  # fmt: skip
stage_age_now = Ratio(
    "stage_age_now", _("Days in the present stage (mean)"), of=stage_age, per=pipeline_deals, unit=DAYS, better=DOWN,
    drill=OPEN_ROWS, formula=_("Days open deals have been in their stage ÷ number of open deals"), dated=TODAY_ONLY,
    left_out=_("Deals that have left the stage: see days in stage. Deals in the bin."),
)  # fmt: skip

# ---- what is expected -----------------------------------------------------------------------------------------------

EXPECTED = {"expected": "close_by"}
BY_EXPECTED = _("The expected close of deals that are open now.")
expected_amount = Measure(
    "expected_amount", _("Expected amount"), of=Deal, value=Total("amount"), where=OPEN, dates=EXPECTED, planned=True,
    by=(*BY, "category"), unit=MONEY, better=UP, drill=OPEN_ROWS, formula=_("Sum of the amounts of open deals expected to close in the period"),
    dated=BY_EXPECTED, left_out=_("Open deals without an expected close or an amount, shown as missing; deals in the bin."),
)  # fmt: skip
expected_weighted = Measure(
    "expected_weighted", _("Expected amount, weighted (uncalibrated)"), of=Deal,
    value=Weighted("amount", ("probability", "stage__probability")), where=OPEN, dates=EXPECTED, planned=True,
    by=(*BY, "category"), unit=MONEY, better=UP, drill=OPEN_ROWS,
    formula=_("Sum of amount × probability of open deals expected to close in the period"), dated=BY_EXPECTED,
    left_out=_("The probabilities are set by hand and not measured. Deals without an amount, shown as missing."),
)  # fmt: skip

# ---- waits ----------------------------------------------------------------------------------------------------------

FROM_OPENING = _("Deals opened by the day of asking; a period means the day of opening.")
time_to_close_km = Survival(
    "time_to_close_km", _("Time to close (median, with open deals)"), of=Deal, start="opened_on", end="closed_on",
    outcome="outcome", by=LOST_BY, unit=DAYS, better=DOWN, drill=OPEN_ROWS,
    formula=_("First day by which half of the deals are decided, won or lost (Kaplan–Meier)"), dated=FROM_OPENING,
    left_out=_("Open deals count as long as they have waited. Deals without a day of opening, shown as missing."),
)  # fmt: skip
time_to_win_cif = Survival(
    "time_to_win_cif", _("Won within 90 days"), of=Deal, start="opened_on", end="closed_on", outcome="outcome", cause="won",
    horizon=90, by=BY, unit=PERCENT, better=UP, drill=OPEN_ROWS,
    formula=_("Share of deals won by day 90 after opening, lost deals counted as lost (Aalen–Johansen)"), dated=FROM_OPENING,
    left_out=_("Deals without a day of opening, shown as missing."),
)  # fmt: skip
time_to_loss_cif = Survival(
    "time_to_loss_cif", _("Lost within 90 days"), of=Deal, start="opened_on", end="closed_on", outcome="outcome", cause="lost",
    horizon=90, by=BY, unit=PERCENT, better=DOWN, drill=OPEN_ROWS,
    formula=_("Share of deals lost by day 90 after opening, won deals counted as won (Aalen–Johansen)"), dated=FROM_OPENING,
    left_out=_("Deals without a day of opening, shown as missing."),
)  # fmt: skip
STEPS_BY = ("stage", "owner", "team", "owner__reports_to", "company__industry", "source")
stage_duration = Stay(
    "stage_duration", _("Days in stage (median)"), of=Deal, step="stage", while_=OPEN, by=STEPS_BY, unit=DAYS, better=DOWN,
    drill=OPEN_ROWS, formula=_("First day by which half of the deals have left the stage (Kaplan–Meier); stays added up"),
    dated=_("The day the deal first came to the stage."), left_out=_("Deals still there count as long as they have stayed."),
)  # fmt: skip
stage_conversion = Conversion(
    "stage_conversion", _("Moved on from stage"), of=Deal, step="stage", order="position", within="pipeline",
    done=("outcome", "won"), by=STEPS_BY, unit=PERCENT, better=UP, drill=OPEN_ROWS,
    formula=_("Deals that later came further or were won ÷ deals that came to the stage"),
    dated=_("The day the deal first came to the stage or past it."),
    left_out=_("Stages that were skipped count as passed; a way back undoes nothing."),
)  # fmt: skip

velocity = Derived(
    "velocity", _("Sales velocity"),
    parts={"open": open_deals, "rate": win_rate_count, "size": avg_deal_size, "cycle": sales_cycle},
    work=lambda part: part["open"] * part["rate"] * part["size"] / part["cycle"] if part["cycle"] else None,
    n_of="rate", unit=MONEY_PER_DAY, better=UP, drill=CLOSED_ROWS,
    formula=_("Open deals × win rate × average deal size ÷ average sales cycle"),
    dated=_("Open deals on the last day; the rest by the day of closing."),
    left_out=_("Open deals without a day of opening. Old deals that nobody works on count as open."),
)  # fmt: skip

chapter(
    10, _("How much did we win?"),
    revenue, won_deals, avg_deal_size, list_won, discount, discount_rate, list_discounted,
)  # fmt: skip
chapter(
    20, _("How often do we win?"),
    win_rate_count, win_rate_value, lost_deals, closed_deals, list_closed, opened_deals, *_cohort.values(), *_of_opened,
)  # fmt: skip
chapter(
    30, _("What is open, and what will it bring?"),
    pipeline_deals, pipeline_amount, pipeline_list_amount, open_deals, open_amount, open_list_amount, weighted_pipeline,
    expected_amount, expected_weighted, closing_this_month,
)  # fmt: skip
chapter(
    40, _("How fast does it go?"),
    velocity, sales_cycle, decided_cycle, time_to_close_km, time_to_win_cif, time_to_loss_cif, stage_duration, stage_conversion,
    stage_age_now, stage_age,
)  # fmt: skip
chapter(50, _("What needs a hand?"), deals_without_next_step, stale_open_deals, past_close_date)
