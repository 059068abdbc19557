"""What is measured: each thing a person does, the same question in plain SQL, and what noren promises for it.

The targets are whole pages of noren (p50, ms) against rivals measured on a machine of two cores; at a million rows they
may be a fifth higher.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.bench.stage import Browser, Work, p50_p95, timed

TIMES = {"1k": 10, "100k": 30, "1m": 15}
WARM = 40
"""Requests before those that count: each thread's connection learns its statements, as it has on a server a minute old."""
PERSON = """
SELECT p.id, p.full_name, p.family_kana, c.legal_name, p.department, p.post, p.email, p.mobile, p.last_touch_at, u.name, p.updated_at
FROM contacts_person p LEFT JOIN contacts_company c ON c.id = p.company_id LEFT JOIN accounts_user u ON u.id = p.owner_id
WHERE p.removed_at IS NULL {where} ORDER BY {order} LIMIT 51"""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table. Times in ms; `other` replaces them for what is not a time."""

    name: str
    p50: float | None = None
    p95: float | None = None
    sql: float | None = None
    cpu: float | None = None  # run time of noren's processes, p50
    database: float | None = None  # run time of the database's processes, p50
    database95: float | None = None
    target: float | None = None
    target95: float | None = None
    unit: str = "ms"
    at_least: bool = False

    def passed(self, slack: float = 1.0) -> bool | None:
        if self.target is None or self.p50 is None:
            return None
        if self.at_least:
            return self.p50 >= self.target / slack
        return self.p50 <= self.target * slack and (self.target95 is None or (self.p95 or 0) <= self.target95 * slack)


class Bench:
    """A browser that is logged in, a plain connection to the same database, and how often to ask."""

    def __init__(
        self,
        size: str,
        browser: Browser,
        link: psycopg.Connection[Any],
        key: str,
        server: int,
        say: Callable[[Line], None],
    ) -> None:
        self.size, self.browser, self.link, self.key, self.say = size, browser, link, key, say
        self.times = TIMES[size]
        self.work = Work(link, server)
        self.number = itertools.count(1)

    def page(
        self, name: str, address: str, question: str = "", values: Any = None, *, before: Any = None, **more: Any
    ) -> None:
        """Ask for a page again and again. `before` is done each time beforehand, unmeasured."""

        def ask() -> None:
            self.browser.ask(address, Accept_Encoding="gzip")

        self.tell(name, ask, before, question=question, values=values, **more)

    def tell(
        self,
        name: str,
        ask: Callable[[], None],
        before: Any = None,
        *,
        question: str = "",
        values: Any = None,
        **more: Any,
    ) -> None:
        times, cpu, base = self._measure(ask, before)
        plain = self._plain(question, values) if question else None
        more |= {"cpu": p50_p95(cpu)[0]} if cpu else {}
        more |= dict(zip(("database", "database95"), p50_p95(base), strict=True)) if base else {}
        self.say(Line(name, *p50_p95(times), plain, **more))

    def _measure(self, ask: Callable[[], None], before: Any) -> tuple[list[float], list[float], list[float]]:
        """Times of the answers, run times of noren's processes and of the database's."""
        found: tuple[list[float], list[float], list[float]] = ([], [], [])
        for n in range(WARM + self.times):
            if before:
                before()
            was = (self.work.noren(), self.work.database())
            took = timed(ask, 1, warm=0)[0]
            now = (self.work.noren(), self.work.database())
            if n < WARM:
                continue
            found[0].append(took)
            for values, a, b in zip(found[1:], was, now, strict=True):
                if a is not None and b is not None and b >= a:
                    values.append(b - a)
        return found

    def _plain(self, question: str, values: Any) -> float:
        def ask() -> None:
            self.link.execute(question, values).fetchall()

        first = timed(ask, 1, warm=0)[0]
        found = first if first > 1000 else p50_p95(timed(ask, 8, warm=1))[0]
        self.browser.link.close()  # the server lets go of who was silent for long
        return found

    def create(self) -> None:
        """A new person: a committed change, after which nothing that was remembered holds."""
        body = {
            "family_name": "計測",
            "given_name": f"花子{next(self.number)}",
            "email": f"bench{next(self.number)}@example.com",
        }
        self.browser.ask(
            "/api/v1/contacts/people",
            json.dumps(body).encode(),
            status=(201,),
            Content_Type="application/json",
            Authorization=f"Bearer {self.key}",
        )

    def clear(self) -> None:
        """Take away who was created by earlier runs: thousands of the newest rows, all of one name, are no firm's."""
        self.link.execute(
            "WITH gone AS (DELETE FROM contacts_person WHERE family_name = '計測' AND email LIKE 'bench%%@example.com' RETURNING id)"
            " DELETE FROM contacts_personsearch WHERE row_id IN (SELECT id FROM gone)"
        )

    def reprice(self) -> None:
        """Another amount of a deal, written by hand: every number of sales is another one afterwards."""
        self.link.execute("UPDATE sales_deal SET amount = amount + 1 WHERE id = (SELECT min(id) FROM sales_deal)")

    def all(self) -> None:
        self.page("empty page", "/bench/empty/", "SELECT 1")
        self.lists()
        self.searches()
        self.records()
        self.numbers()
        self.creates()

    def creates(self) -> None:
        question = "INSERT INTO contacts_affiliation (person_id, department) SELECT id, 'bench' FROM contacts_person LIMIT 1 RETURNING id"
        self.tell("create a person, API", self.create, question=question, target=8)
        self.link.execute("DELETE FROM contacts_affiliation WHERE department = 'bench'")

    def lists(self) -> None:
        order = "p.updated_at DESC, p.id DESC"
        self.page("people, first page", "/contacts/people/", PERSON.format(where="", order=order), target=8)
        depth = int(self.link.execute("SELECT count(*) FROM contacts_person").fetchone()[0] * 0.9)  # type: ignore[index]
        pk, at = self.link.execute(  # type: ignore[misc]
            "SELECT id, updated_at FROM contacts_person p WHERE removed_at IS NULL ORDER BY updated_at DESC, id DESC OFFSET %s LIMIT 1",
            [depth],
        ).fetchone()
        place = json.dumps([[at.isoformat()], pk, depth], separators=(",", ":")).encode()
        word = base64.urlsafe_b64encode(place).decode().rstrip("=")
        where = "AND (p.updated_at, p.id) < (%s, %s)"
        self.page(
            "people, at 90 %",
            f"/contacts/people/?after={word}",
            PERSON.format(where=where, order=order),
            [at, pk],
            target=10,
        )
        self.page(
            "companies, 3 filters and sort",
            "/contacts/companies/?standing=customer&rank=a&industry=食品&sort=kana_sort".replace("食品", "%E9%A3%9F%E5%93%81"),
            """SELECT c.id, c.legal_name, c.standing, c.next_step, c.last_touch_at, u.name, c.industry, c.prefecture, c.phone, c.updated_at
            FROM contacts_company c LEFT JOIN accounts_user u ON u.id = c.owner_id WHERE c.removed_at IS NULL
            AND standing = 'customer' AND rank = 'a' AND industry = '食品' ORDER BY kana_sort, c.id LIMIT 51""",
        )  # fmt: skip

    def searches(self) -> None:
        from urllib.parse import quote

        kinds = (
            ("two kanji, common", "松浦"), ("two kanji, in one of a hundred", "田中"), ("two kanji, rare", "浅沼"), ("one kanji", "林"),
            ("four kanji", "五十嵐拓"), ("kana", "たかはし"), ("half-width kana", "ﾏﾂｳﾗ"), ("letters of an address", "koichi.matsuura"),
            ("end of an address", "example.com"), ("digits of a phone", "0000124"), ("beginning of a phone", "090-0"), ("a company", "㈱みなとの冷蔵"),
            ("a trade of many companies", "製薬"), ("株式会社", "株式会社"), ("a deal", "計測器 23"), ("two words", "松浦 浩一"),
            ("a company and a name", "すみれ製薬 松浦"), ("two letters", "ab"), ("nothing found", "鯨鯢鱗"),
        )  # fmt: skip
        for title, text in kinds:
            like = f"%{text}%"
            question = """SELECT p.id, p.full_name FROM contacts_personsearch s JOIN contacts_person p ON p.id = s.row_id
                          WHERE s.q LIKE %s ORDER BY p.updated_at DESC, p.id DESC LIMIT 21"""
            self.page(f"search: {title}", f"/search/?q={quote(text)}", question, [like], target=12, target95=30)
        for title, text in (("a name", "田中"), ("a company", "すみれ製薬"), ("digits", "0000124")):
            self.page(f"palette: {title}", f"/palette/?q={quote(text)}", target=12, target95=30)

    def records(self) -> None:
        pk = self.link.execute("SELECT person_id FROM sales_deal ORDER BY id LIMIT 1").fetchone()[0]  # type: ignore[index]
        self.page("a person", f"/contacts/people/{pk}/", "SELECT * FROM contacts_person WHERE id = %s", [pk], target=9)
        deal = self.link.execute("SELECT id FROM sales_deal WHERE outcome = 'open' ORDER BY id LIMIT 1").fetchone()[0]  # type: ignore[index]
        self.page("a deal", f"/sales/deals/{deal}/", "SELECT * FROM sales_deal WHERE id = %s", [deal])
        self.page(
            "deal board", "/sales/deals/?layout=board",
            """SELECT stage_id, count(*), sum(amount) FROM sales_deal WHERE outcome = 'open' AND removed_at IS NULL GROUP BY 1""", target=16,
        )  # fmt: skip

    def numbers(self) -> None:
        question = """SELECT stage_id, date_trunc('month', closed_on), outcome, count(*), sum(amount) FROM sales_deal
                      WHERE removed_at IS NULL AND closed_on >= current_date - 365 GROUP BY 1, 2, 3"""
        self.page("home, after a write", "/", question, before=self.create, target=16)
        self.page("home, after a deal changed", "/", question, before=self.reprice, target=16)
        self.page("home, nothing new", "/", question)
        month = "SELECT date_trunc('month', closed_on), count(*), sum(amount) FROM sales_deal WHERE outcome = 'won' AND closed_on >= current_date - 1095 GROUP BY 1"
        for metric in (
            "revenue", "open_deals", "open_amount", "win_rate_count", "win_rate_value", "avg_deal_size", "sales_cycle", "velocity",
            "time_to_close_km", "stage_conversion", "stage_duration", "activity_count",
        ):  # fmt: skip
            self.page(
                f"number: {metric}, after a write",
                f"/metrics/{metric}/?period=last_1095_days",
                month,
                before=self.create,
            )
