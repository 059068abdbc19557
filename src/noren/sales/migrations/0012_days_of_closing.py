"""Spans written before they held it get the day on which the deal was closed.

The last closing has the day that the deal bears. An earlier one, undone since, was dated by where it began: spans were
written down in the order of their ids, and each reopening lies between two closings.
"""

from typing import Any

from django.db import connection, migrations

STEP = 20_000  # deals at a time, each time in a transaction of its own; may be stopped and run again

DATED = """
UPDATE sales_dealspan s SET closed_on = r.day FROM (
  SELECT t.id, CASE WHEN t.closing = last_value(t.closing) OVER row AND t.outcome = d.outcome THEN d.closed_on
                    ELSE (first_value(t.from_at) OVER (PARTITION BY t.row_id, t.closing ORDER BY t.id) AT TIME ZONE %(zone)s)::date
               END AS day
  FROM (
    SELECT id, row_id, from_at, outcome, closed_on, count(*) FILTER (WHERE changes) OVER (PARTITION BY row_id ORDER BY id) AS closing
    FROM (
      SELECT id, row_id, from_at, outcome, closed_on,
             outcome IS DISTINCT FROM lag(outcome) OVER (PARTITION BY row_id ORDER BY id) AS changes
      FROM sales_dealspan WHERE row_id > %(after)s AND row_id <= %(upto)s
    ) a
  ) t JOIN sales_deal d ON d.id = t.row_id
  WHERE t.outcome <> 'open'
  WINDOW row AS (PARTITION BY t.row_id ORDER BY t.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
) r WHERE s.id = r.id AND s.closed_on IS NULL
"""


def fill(apps: Any, _editor: Any) -> None:
    house = apps.get_model("access", "Firm").objects.first()
    zone = house.tz if house else "Asia/Tokyo"
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(row_id), 1) - 1, coalesce(max(row_id), 0) FROM sales_dealspan")
        after, last = cursor.fetchone()
        while after < last:
            cursor.execute(DATED, {"zone": zone, "after": after, "upto": after + STEP})
            after += STEP


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("sales", "0011_deal_span_closed_on"),
        ("access", "0004_role_needs_factor"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
