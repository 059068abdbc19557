"""Deals from other programs: words for stages and outcomes, products as lines, closings as dated facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from noren.activity.actions.mirror import mirror, touched_by
from noren.activity.models import Activity
from noren.core.access.actor import Actor
from noren.core.base.text import fold
from noren.core.record.declare import Trace
from noren.core.record.intake.plan import BadCell
from noren.sales.events import DealLost, DealWon
from noren.sales.models import Deal, Pipeline, Stage
from noren.sales.models.deal import day_start, midday

WON = frozenset(map(fold, ("won", "closed won", "closedwon", "受注", "受注済", "成約", "契約", "勝ち", "完了(受注)")))
LOST = frozenset(
    map(fold, ("lost", "closed lost", "closedlost", "失注", "敗退", "見送り", "不成立", "キャンセル", "完了(失注)"))
)


def settle_outcome(values: dict[str, Any]) -> None:
    """One column often says stage and outcome at once. Closed deals get a last stage, an outcome and a day; a lost deal's
    amount of 0 means that nobody wrote one down."""
    stage = values.get("stage_id")
    if isinstance(stage, str):
        word = fold(stage).strip()
        if word in WON or word in LOST:
            values["outcome"] = "won" if word in WON else "lost"
            values.pop("stage_id")
    outcome = values.get("outcome", "open")
    if outcome == "open":
        day = values.pop("closed_on", None)
        if day is not None:
            values.setdefault("close_by", day)
    elif values.get("closed_on") is None:
        day = values.pop("close_by", None)
        if day is None:
            raise BadCell("closed_without_day")
        values["closed_on"] = day
    if outcome == "lost" and values.get("amount") == 0:
        values.pop("amount")


def complete_deal(values: dict[str, Any], memo: dict[Any, Any]) -> None:
    """A new deal without a stage enters the first one, or the last if it is over; without a title it bears its number."""
    if values.get("stage_id") is None:
        is_over = values.get("outcome", "open") != "open"
        key = ("stage", values.get("pipeline_id"), is_over)
        if key not in memo:
            memo[key] = _default_stage(values.get("pipeline_id"), last=is_over)
        if memo[key] is None:
            raise BadCell("no_stage")
        values["stage_id"] = memo[key]
    if not values.get("title"):
        values["title"] = values.get("external_id") or ""
    values.setdefault("stage_since", day_start(values["opened_on"]) if values.get("opened_on") else timezone.now())


def _default_stage(pipeline_id: int | None, *, last: bool) -> int | None:
    if pipeline_id is None:
        pipeline = default_pipeline()
        if pipeline is None:
            return None
        pipeline_id = pipeline.pk
    stages = Stage.every.filter(pipeline_id=pipeline_id, removed_at__isnull=True)
    return (
        stages.order_by(*(("-probability", "-position") if last else ("position",)))
        .values_list("pk", flat=True)
        .first()
    )


def default_pipeline() -> Pipeline | None:
    """The pipeline that deals enter unless said otherwise."""
    return Pipeline.every.filter(removed_at__isnull=True).order_by("-is_default", "position", "id").first()


def last_position(pipeline: Pipeline | None) -> int:
    """Position of the last stage, -1 without any."""
    last = Stage.every.filter(pipeline=pipeline).order_by("-position").values_list("position", flat=True).first()
    return -1 if last is None else int(last)


def closing_facts(rows: Sequence[Any]) -> list[tuple[Any, datetime | None]]:
    """Imported wins and losses are facts of their own day, learned today."""
    facts: list[tuple[Any, datetime | None]] = []
    for row in rows:
        if row.outcome == "open":
            continue
        day = row.closed_on
        if row.outcome == "won":
            fact: Any = DealWon(row.id, amount=row.amount, owner_id=row.owner_id, won_on=day.isoformat())
        else:
            fact = DealLost(row.id, reason="", amount=row.amount, owner_id=row.owner_id, lost_on=day.isoformat())
        facts.append((fact, midday(day)))
    return facts


def add_products(pairs: list[tuple[int, dict[str, Any]]], actor: Actor, known: frozenset[int]) -> list[Trace]:
    """One line per imported deal: at the deal's amount where it has one, else at list price, which then is its amount.

    Deals that have lines already keep them. A quantity counts where the amount can be parted by it without a rest.
    """
    ids = [pk for pk, _values in pairs]
    products = [values["product"] for _pk, values in pairs]
    quantities = [values.get("quantity") or 1 for _pk, values in pairs]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sales_dealline (deal_id, product_id, text, quantity, unit_price, list_price, position, share)
            SELECT d.id, p.id, '', q.quantity, coalesce(d.amount / q.quantity, p.list_price, 0), p.list_price, 0, 1
            FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[]) AS x(deal, product, quantity)
            JOIN sales_deal d ON d.id = x.deal JOIN catalog_product p ON p.id = x.product,
            LATERAL (SELECT CASE WHEN x.quantity > 0 AND (d.amount IS NULL OR d.amount %% x.quantity = 0)
                     THEN x.quantity ELSE 1 END AS quantity) q
            WHERE NOT EXISTS (SELECT 1 FROM sales_dealline l WHERE l.deal_id = d.id)
            RETURNING id, deal_id
            """,
            [ids, products, quantities],
        )
        made: dict[int, list[int]] = {}
        for line, deal in cursor.fetchall():
            if deal in known:
                made.setdefault(deal, []).append(line)
        stood = Deal.every.filter(pk__in=made).values_list("pk", "amount", "list_amount")
        traces = [
            Trace(pk, {"amount": amount, "list_amount": listed}, {"sales.dealline": made[pk]})
            for pk, amount, listed in stood
        ]
        cursor.execute(
            """
            UPDATE sales_deal d SET list_amount = s.listed, amount = coalesce(d.amount, s.listed)
            FROM (SELECT deal_id, round(sum(quantity * list_price))::bigint AS listed FROM sales_dealline
                  WHERE deal_id = ANY(%s) GROUP BY deal_id HAVING bool_and(list_price IS NOT NULL)) s
            WHERE d.id = s.deal_id
            """,
            [ids],
        )
        cursor.execute(
            """
            UPDATE sales_dealspan s SET list_amount = d.list_amount, amount = coalesce(s.amount, d.amount)
            FROM sales_deal d WHERE d.id = s.row_id AND d.id = ANY(%s)
            """,
            [[pk for pk in ids if pk not in known]],
        )
        _worth_from_now(cursor, list(made))
    return traces


def _worth_from_now(cursor: Any, ids: list[int]) -> None:
    """Deals that were there before are worth from now on what their new lines say; what they were before stays."""
    now = timezone.now()
    cursor.execute(
        """
        UPDATE sales_dealspan s SET to_at = greatest(s.from_at, %s) FROM sales_deal d
        WHERE d.id = s.row_id AND d.id = ANY(%s) AND s.to_at IS NULL
        AND (s.amount, s.list_amount) IS DISTINCT FROM (d.amount, d.list_amount) RETURNING d.id
        """,
        [now, ids],
    )
    names = ", ".join(str(Deal.column(name).column) for name in Deal.kept)
    cursor.execute(
        f"INSERT INTO sales_dealspan (row_id, from_at, recorded_at, {names})"  # noqa: S608  (our names)
        f" SELECT id, %s, %s, {names} FROM sales_deal WHERE id = ANY(%s)",
        [now, now, [pk for (pk,) in cursor.fetchall()]],
    )


def attach_to_deals(pairs: list[tuple[int, dict[str, Any]]], actor: Actor, known: frozenset[int]) -> list[Trace]:
    """Imported activities that name a deal belong to it, and are with its company and person unless they say otherwise."""
    ids = [pk for pk, _values in pairs]
    parts = ("about_noun", "about_id", "company_id", "person_id")
    free = Activity.every.filter(pk__in=known.intersection(ids), about_id__isnull=True)
    traces = [Trace(pk, dict(zip(parts, stood, strict=True))) for pk, *stood in free.values_list("pk", *parts)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE activity_activity a SET about_noun = 'sales.deal', about_id = d.id,
                   company_id = coalesce(a.company_id, d.company_id), person_id = coalesce(a.person_id, d.person_id)
            FROM unnest(%s::bigint[], %s::bigint[]) AS x(activity, deal) JOIN sales_deal d ON d.id = x.deal
            WHERE a.id = x.activity AND a.about_id IS NULL
            """,
            [ids, [values["deal"] for _pk, values in pairs]],
        )
    mirror(touched_by(set(ids)))
    return traces
