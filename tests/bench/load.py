"""A synthetic firm, loaded at the speed of the database: `python -m tests.bench.load 100k`.

Rows are made by SQL over generate_series, search entries by noren's own code through COPY; indexes are dropped first and
built last. The database stays for the next run; its firm's name tells the size and the edition of this file.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import Any

EDITION = 1
EMAIL, PASSWORD = "bench@example.com", "a bench has no secrets"
USERS, TEAMS = 40, 4


@dataclass(frozen=True, slots=True)
class Size:
    people: int
    companies: int
    deals: int
    activities: int


SIZES = {
    "1k": Size(1_000, 200, 500, 2_000),
    "100k": Size(100_000, 20_000, 50_000, 200_000),
    "1m": Size(1_000_000, 1_000_000, 1_000_000, 10_000_000),
}
"""`1k` is for trying the bench itself."""

RARE = ("浅早若深高大小長中上", "沼瀬坂谷淵畑越森塚里", "あさわふたおこなかう", "ぬせさたふはこもつり")
BIG = ("contacts_company", "contacts_person", "sales_deal", "sales_dealspan", "sales_dealline", "activity_activity",
       "event_fact", "contacts_companysearch", "contacts_personsearch", "sales_dealsearch", "contacts_affiliation")  # fmt: skip


def name_of(size: str) -> str:
    return f"Bench {size} {EDITION}"


def load(size: str) -> None:
    """Fill an empty database; nothing happens when it is filled already."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noren.config.settings")
    django.setup()
    from noren.config import env, processes
    from noren.core.access.models import Firm

    processes.bring_up_to_date(env.load(), say=_say)
    firm = Firm.objects.first()
    if firm is not None:
        if firm.name != name_of(size):
            raise SystemExit(f"this database holds {firm.name}, not {name_of(size)}: drop it first")
        return
    began = time.monotonic()
    _fill(SIZES[size], size)
    _say(f"loaded in {time.monotonic() - began:.0f} s")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _fill(size: Size, word: str) -> None:
    from django.db import connection

    from noren.catalog.models import Product
    from noren.contacts.models import Company, Person
    from noren.core.metric.cube import keep as cubes
    from noren.sales.models import Deal

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0; SET synchronous_commit = off")
        cursor.execute("SET session_replication_role = replica")  # references are right by construction
        cursor.execute("SET maintenance_work_mem = '512MB'; SET work_mem = '128MB'")
        values = _ground()
        indexes = _drop_indexes(cursor)
        _names(cursor)
        for title, sql in _statements():
            began = time.monotonic()
            cursor.execute(sql, {**values, "people": size.people, "companies": size.companies, "deals": size.deals,
                                 "activities": size.activities, "products": Product.every.count()})  # fmt: skip
            _say(f"  {title}: {cursor.rowcount:,} rows in {time.monotonic() - began:.1f} s")
        for model in (Company, Person, Deal):
            began = time.monotonic()
            _search_entries(model)
            _say(f"  search entries of {model.__name__}: {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        for definition in indexes:
            cursor.execute(definition)
        _say(f"  {len(indexes)} indexes in {time.monotonic() - began:.1f} s")
        for table in BIG:
            cursor.execute("SELECT 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'id'", [table])
            if cursor.fetchone():
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), 1)) FROM {table}"
                )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
        began = time.monotonic()
        cubes.rebuild()
        _say(f"  numbers added up: {time.monotonic() - began:.1f} s")
        cursor.execute("UPDATE access_firm SET name = %s", [name_of(word)])


def _ground() -> dict[str, Any]:
    """Firm, teams, users, products: by noren's own doors."""
    from noren.accounts.actions.setup import found_firm
    from noren.accounts.models import User
    from noren.catalog.models import Product
    from noren.core.access.models import Role, Team
    from noren.sales.actions.setup import found_pipeline
    from noren.sales.models import LossReason

    found_firm("being loaded")
    pipeline = found_pipeline()
    teams = [Team(name=f"営業{n + 1}課") for n in range(TEAMS)]
    for team in teams:
        team.save()
    roles = {role.key: role for role in Role.every.all()}
    user = User.objects.create_user(EMAIL, "計測 太郎", PASSWORD, team=teams[0])
    user.roles.add(roles["manager"])
    for n in range(1, USERS):
        other = User.objects.create_user(f"user{n}@example.com", f"利用者 {n:02d}", None, team=teams[n % TEAMS])
        other.roles.add(roles["sales"])
    for n in range(30):
        Product(name=f"計測器 {n:02d}", code=f"P{n:02d}", list_price=20_000 + n * 37_000, family=f"系列{n % 5}").save()
    stages = list(pipeline.stages.order_by("position").values_list("pk", flat=True))
    return {
        "pipeline": pipeline.pk, "stages": stages, "users": list(User.every.order_by("pk").values_list("pk", flat=True)),
        "teams": [u.team_id for u in User.every.order_by("pk")],
        "reasons": list(LossReason.every.values_list("pk", flat=True)),
        "product_ids": list(Product.every.order_by("pk").values_list("pk", flat=True)),
    }  # fmt: skip


def _drop_indexes(cursor: Any) -> list[str]:
    cursor.execute(
        """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
        LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')
        WHERE i.indrelid::regclass::text = ANY(%s) AND c.oid IS NULL
        """,
        [list(BIG)],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in found]


def _names(cursor: Any) -> None:
    """Two thirds bear one of 36 family names, unevenly; a third one of 100 rare ones."""
    from noren.contacts.models.company import sort_key
    from noren.core.base.japan.company import name_key
    from noren.core.base.text import fold
    from noren.demo.ja import WORDS

    families = [(a, b, c) for a, b, c in WORDS.families]
    families += [(a + b, c + d, f"rare{n}{m}") for n, (a, c) in enumerate(zip(RARE[0], RARE[2], strict=True))
                 for m, (b, d) in enumerate(zip(RARE[1], RARE[3], strict=True))]  # fmt: skip
    cursor.execute(
        "CREATE TEMP TABLE names (f int, g int, family text, given text, fk text, gk text, mail text, kana_sort text, fold text)"
    )
    with cursor.copy("COPY names FROM STDIN") as copy:
        for f, (family, fk, fm) in enumerate(families):
            for g, (given, gk, gm) in enumerate(WORDS.givens):
                copy.write_row(
                    (
                        f,
                        g,
                        family,
                        given,
                        fk,
                        gk,
                        f"{gm}.{fm}",
                        sort_key(fk + gk, f"{family} {given}"),
                        fold(family + given),
                    )
                )
    cursor.execute("CREATE INDEX ON names (f, g)")
    cursor.execute(
        "CREATE TEMP TABLE firms (n int, name text, kana text, core text, key text, kana_sort text, industry text)"
    )
    with cursor.copy("COPY firms FROM STDIN") as copy:
        n = 0
        for root, root_kana in WORDS.roots:
            for trade, trade_kana, industry in WORDS.trades:
                core, kana = root + trade, root_kana + trade_kana
                copy.write_row((n, core, kana, core, name_key(core), sort_key(kana, core), industry))
                n += 1
    cursor.execute("CREATE INDEX ON firms (n)")
    cursor.execute("CREATE TEMP TABLE places (n int, prefecture text, city text)")
    with cursor.copy("COPY places FROM STDIN") as copy:
        for n, (prefecture, city, _postal, _phone) in enumerate(WORDS.places):
            copy.write_row((n, prefecture, city))
    cursor.execute("ANALYZE names; ANALYZE firms; ANALYZE places")
    # hash(i, salt) between 0 and 1: the same for every run, and even
    cursor.execute(
        "CREATE FUNCTION pg_temp.r(i bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE AS "
        "$$ SELECT (hashint8extended(i, salt) & 9007199254740991) / 9007199254740992.0 $$"
    )


def _statements() -> list[tuple[str, str]]:
    owner = "(%(users)s)[1 + ({0} %% 40)]"
    return [
        ("companies", f"""
INSERT INTO contacts_company (id, legal_name, name_kana, name_key, form, form_position, kana_sort, standing, rank, industry,
  employees, prefecture, city, phone, owner_id, created_at, updated_at, last_touch_at)
SELECT i, CASE WHEN i %% 2 = 0 THEN '株式会社' || name || i ELSE name || i || '株式会社' END, kana, key || i, '株式会社',
  CASE WHEN i %% 2 = 0 THEN 'before' ELSE 'after' END, f.kana_sort,
  (ARRAY['prospect', 'customer', 'customer', 'dormant'])[1 + i %% 4], (ARRAY['a', 'b', 'c', ''])[1 + i %% 4], industry,
  (10 ^ (1 + 3 * pg_temp.r(i, 1)))::int, prefecture, city, '03-0' || lpad((i %% 1000)::text, 3, '0') || '-' || lpad((i * 37 %% 10000)::text, 4, '0'),
  {owner.format('i')}, now() - interval '3 years' * pg_temp.r(i, 2) - interval '1 day', now() - interval '2 years' * pg_temp.r(i, 3),
  CASE WHEN i %% 3 > 0 THEN now() - interval '1 year' * pg_temp.r(i, 4) END
FROM generate_series(1, %(companies)s) i JOIN firms f ON f.n = (pg_temp.r(i, 5) * 599.999)::int %% 600
JOIN places p ON p.n = (pg_temp.r(i, 6) * 20)::int %% 20"""),
        ("people", f"""
INSERT INTO contacts_person (id, family_name, given_name, family_kana, given_kana, full_name, kana_sort, name_fold, company_id,
  department, post, email, mobile, owner_id, source, met_on, created_at, updated_at, last_touch_at)
SELECT i, family, given, fk, gk, family || ' ' || given, n.kana_sort, n.fold, 1 + (pg_temp.r(i, 11) * (%(companies)s - 1))::bigint,
  (ARRAY['品質管理部', '生産技術部', '購買部', '総務部', '研究開発部'])[1 + i %% 5], (ARRAY['部長', '課長', '係長', '主任', ''])[1 + i %% 5],
  mail || i || '@example.com', '090-0' || lpad((i %% 1000)::text, 3, '0') || '-' || lpad((i * 31 %% 10000)::text, 4, '0'),
  {owner.format('i')}, (ARRAY['展示会', '紹介', 'ウェブ'])[1 + i %% 3], current_date - (pg_temp.r(i, 12) * 1000)::int,
  now() - interval '3 years' * pg_temp.r(i, 13) - interval '1 day', now() - interval '2 years' * pg_temp.r(i, 14),
  CASE WHEN i %% 3 > 0 THEN now() - interval '1 year' * pg_temp.r(i, 15) END
FROM generate_series(1, %(people)s) i JOIN names n
  ON n.f = CASE WHEN i %% 3 = 0 THEN 36 + floor(pg_temp.r(i, 16) * 100)::int ELSE floor(36 * pg_temp.r(i, 16) ^ 2)::int END
  AND n.g = floor(24 * pg_temp.r(i, 17))::int"""),
        ("affiliations", """
INSERT INTO contacts_affiliation (person_id, company_id, department, post, email, from_on, source)
SELECT id, company_id, department, post, email, met_on, source FROM contacts_person"""),
        ("deals", f"""
INSERT INTO sales_deal (id, title, company_id, person_id, pipeline_id, stage_id, stage_since, outcome, amount, list_amount, currency,
  category, opened_on, close_by, closed_on, loss_reason_id, source, owner_id, team_id, position, created_at, updated_at, next_step,
  next_step_at, last_touch_at)
SELECT i, '計測器 ' || lpad((i %% 30)::text, 2, '0') || ' 導入 ' || i, p.company_id, p.id, %(pipeline)s, (%(stages)s)[s],
  least(d + interval '9 days' * (s - 1), now()), o, a, (a * 1.06)::bigint, 'JPY', CASE WHEN o = 'open' THEN (ARRAY['', 'pipeline', 'best', 'commit'])[1 + i %% 4] ELSE '' END,
  d::date, CASE WHEN o = 'open' THEN current_date + (pg_temp.r(i, 24) * 110)::int - 10 ELSE d::date + 50 END,
  CASE WHEN o <> 'open' THEN d::date + 45 END, CASE WHEN o = 'lost' THEN (%(reasons)s)[1 + i %% 6] END,
  (ARRAY['紹介', '展示会', 'ウェブ問い合わせ', '既存顧客'])[1 + i %% 4], {owner.format('i')}, (%(teams)s)[1 + (i %% 40)], i * 1024, d,
  CASE WHEN o = 'open' THEN now() - interval '40 days' * pg_temp.r(i, 25) ELSE d + interval '45 days' END,
  CASE WHEN o = 'open' AND i %% 7 > 0 THEN '見積の返答を確認する' ELSE '' END,
  CASE WHEN o = 'open' AND i %% 7 > 0 THEN date_trunc('day', now()) + interval '1 day' * ((pg_temp.r(i, 26) * 34)::int - 4) END,
  now() - interval '60 days' * pg_temp.r(i, 27)
FROM (
  SELECT i, CASE WHEN x < 0.1 THEN 'open' WHEN x < 0.38 THEN 'won' ELSE 'lost' END AS o,
    CASE WHEN x < 0.1 THEN now() - interval '45 days' * pg_temp.r(i, 21) ELSE now() - interval '46 days' - interval '1050 days' * pg_temp.r(i, 21) END AS d,
    1 + floor(pg_temp.r(i, 22) * 5)::int AS s, (10 ^ (5 + 2 * pg_temp.r(i, 23)))::bigint AS a,
    1 + (pg_temp.r(i, 28) * (%(people)s - 1))::bigint AS who
  FROM (SELECT i, pg_temp.r(i, 20) AS x FROM generate_series(1, %(deals)s) i) y
) z JOIN contacts_person p ON p.id = who"""),
        ("deal lines", """
INSERT INTO sales_dealline (deal_id, product_id, text, quantity, unit_price, list_price, position, share)
SELECT id, (%(product_ids)s)[1 + id %% 30], '', 1, amount, list_amount, 0, 1 FROM sales_deal"""),
        ("deal spans", """
INSERT INTO sales_dealspan (row_id, from_at, to_at, recorded_at, pipeline_id, stage_id, outcome, closed_on, amount, list_amount, owner_id, team_id)
SELECT d.id, f, CASE WHEN s < 5 THEN t END, f, pipeline_id, CASE WHEN s < 5 THEN (%(stages)s)[s] ELSE stage_id END,
  CASE WHEN s < 5 THEN 'open' ELSE outcome END, CASE WHEN s = 5 THEN closed_on END, amount, list_amount, owner_id, team_id
FROM sales_deal d, generate_series(1, 5) s,
LATERAL (SELECT created_at + (e - created_at) * (s - 1) / 4.0 AS f, created_at + (e - created_at) * s / 4.0 AS t
         FROM (SELECT CASE WHEN outcome = 'open' THEN updated_at ELSE created_at + interval '45 days' END AS e) x) y"""),
        ("activities", f"""
INSERT INTO activity_activity (kind, subject, body, direction, happened_at, minutes, about_noun, about_id, company_id, person_id, owner_id, created_at, updated_at)
SELECT (ARRAY['call', 'mail', 'visit', 'meeting', 'note'])[1 + i %% 5], (ARRAY['見積の件で電話', '資料を送付', '定期訪問', '打合せ', 'メモ'])[1 + i %% 5],
  '要件を確認。温度は10分ごと、警報はメールと電話の両方。', CASE WHEN i %% 5 < 2 THEN 'out' ELSE '' END, at, (ARRAY[10, NULL, 60, 45, NULL])[1 + i %% 5],
  CASE WHEN i %% 2 = 0 THEN 'sales.deal' ELSE '' END, CASE WHEN i %% 2 = 0 THEN d.id END, d.company_id, d.person_id,
  {owner.format('i')}, at, at
FROM (SELECT i, now() - interval '1095 days' * pg_temp.r(i, 31) AS at, 1 + (pg_temp.r(i, 32) * (%(deals)s - 1))::bigint AS k
      FROM generate_series(1, %(activities)s) i) x JOIN sales_deal d ON d.id = k"""),
        ("next steps", """
INSERT INTO activity_activity (kind, subject, happened_at, due_at, is_all_day, is_next_step, about_noun, about_id, company_id, person_id, owner_id, created_at, updated_at)
SELECT 'call', next_step, next_step_at, next_step_at, true, true, 'sales.deal', id, company_id, person_id, owner_id, created_at, created_at
FROM sales_deal WHERE next_step_at IS NOT NULL"""),
        ("facts of people", """
INSERT INTO event_fact (name, noun, subject_id, payload, by_id, via, depth, at, recorded_at)
SELECT 'contacts.person.created', 'contacts.person', id, '{}', owner_id, 'page', 0, created_at, created_at FROM contacts_person"""),
        ("facts of deals", """
INSERT INTO event_fact (name, noun, subject_id, payload, by_id, via, depth, at, recorded_at)
SELECT 'sales.deal.created', 'sales.deal', id, '{}', owner_id, 'page', 0, created_at, created_at FROM sales_deal"""),
    ]  # fmt: skip


def _search_entries(model: Any) -> None:
    from django.db import connection

    from noren.core.record.intake.write import Drafts, write_search

    drafts = Drafts(model)
    names = ["id", *model.searched, *(["name_key"] if hasattr(model, "name_key") else [])]
    last = 0
    while True:
        rows = list(model.every.filter(pk__gt=last).order_by("pk").values(*names)[:20_000])
        if not rows:
            break
        last = rows[-1]["id"]
        made = [drafts.make(row) for row in rows]
        for row in made:
            row.said = row.search_text()
        write_search(model, made)
    table, entries = model._meta.db_table, model._meta.get_field("search_entry").related_model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" n SET said = e.q FROM "{entries}" e WHERE e.row_id = n.id')
        cursor.execute(f'VACUUM FULL "{table}"')  # indexes come later


if __name__ == "__main__":
    load(sys.argv[1])
