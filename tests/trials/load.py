"""Clients that write down, on disk, what they were told is done; and the check of that book against the database."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tests.trials.running import Noren, until

COMPANIES = "/api/v1/contacts/companies"
GIVE_UP = 60
"""Seconds a client goes on with one wish before it leaves it as never acknowledged."""


@dataclass
class Verdict:
    """What a trial found. `lost`: acknowledged and gone; `duplicated`: there more than once; `odd`: refused or broken
    answers that no fault explains; seconds are the worst of all rounds."""

    trial: str
    seed: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    without_fact: int = 0
    without_effect: int = 0
    double_effect: int = 0
    odd: int = 0
    web_s: float | None = None
    worker_s: float | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        return self.lost + self.duplicated + self.without_fact + self.without_effect + self.double_effect + self.odd

    def as_json(self) -> str:
        kept = {k: round(v, 2) if isinstance(v, float) else v for k, v in asdict(self).items() if v is not None}
        return json.dumps({**kept, "verdict": "bad" if self.faults else "good"}, ensure_ascii=False)


class Client(threading.Thread):
    """Makes companies and changes them; each wish has a key and is repeated with it until it is acknowledged."""

    def __init__(self, noren: Noren, name: str, pause: float, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.noren, self.pause = noren, pause
        self.random = random.Random(f"{name} {seed}")
        self.book = (noren.folder / f"ledger-{name}").open("a", encoding="utf-8")
        self.over = threading.Event()
        self.good: list[tuple[float, float]] = []  # (sent, answered) of every acknowledged wish
        self.odd: list[tuple[int, Any]] = []
        self.broken: list[float] = []  # when an answer was an error page or the connection broke

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            name = f"{self.name}-{number}"
            made = self.wish("POST", COMPANIES, {"legal_name": name}, f"{name}-new")
            if made is not None:
                self.write("made", name, made["id"])
                if self.random.random() < 0.4:
                    note = f"note of {name}"
                    if self.wish("PATCH", f"{COMPANIES}/{made['id']}", {"note": note}, f"{name}-note") is not None:
                        self.write("note", name, note)
                if self.random.random() < 0.3:
                    self.noren.call("GET", f"{COMPANIES}?limit=20")
            number += 1
            time.sleep(self.pause)
        self.book.close()

    def write(self, *words: Any) -> None:
        self.book.write(json.dumps(words) + "\n")
        self.book.flush()
        os.fsync(self.book.fileno())

    def wish(self, method: str, path: str, body: Any, key: str) -> Any:
        end = time.monotonic() + GIVE_UP
        while time.monotonic() < end:
            sent = time.monotonic()
            answer = self.noren.call(method, path, body, key=key)
            now = time.monotonic()
            if answer.status in (200, 201):
                self.good.append((sent, now))
                return answer.body
            if answer.status in (0, 500, 502, 503) or (answer.status == 409 and answer.body.get("code") == "in_flight"):
                if answer.status != 409:
                    self.broken.append(now)
                time.sleep(0.1)
                continue
            self.odd.append((answer.status, answer.body))
            return None
        return None


class Load:
    """Several clients at once, for as long as the `with` block lasts; `check` then compares their books."""

    def __init__(self, noren: Noren, trial: str, seed: int, clients: int = 4, pause: float = 0.03) -> None:
        self.noren, self.trial, self.seed = noren, trial, seed
        self.prefix = f"{trial}-{seed}-{int(time.time())}"
        self.clients = [Client(noren, f"{self.prefix}-{i}", pause, seed) for i in range(clients)]

    def __enter__(self) -> Self:
        for one in self.clients:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.clients:
            one.over.set()
        for one in self.clients:
            one.join(2 * GIVE_UP + 30)
            assert not one.is_alive()

    def answers_after(self, moment: float, seconds: float = 60) -> float:
        """Seconds from the moment to the first acknowledged wish that was sent after it or still waiting then."""
        found = until(
            lambda: [end for c in self.clients for _s, end in c.good[-200:] if end > moment], seconds, self.noren.log
        )
        return float(min(found) - moment)

    def last_broken_after(self, moment: float) -> float:
        """Seconds from the moment to the last broken answer after it; 0 without any."""
        return max((at - moment for c in self.clients for at in c.broken if at > moment), default=0.0)

    def check(self, **given: Any) -> Verdict:
        """Wait for the jobs, then compare what was acknowledged with what is there."""
        drained = self.noren.drain()
        made: dict[str, int] = {}
        notes: dict[str, str] = {}
        for one in self.clients:
            for line in (self.noren.folder / f"ledger-{one.name}").read_text(encoding="utf-8").splitlines():
                kind, name, value = json.loads(line)
                (made if kind == "made" else notes)[name] = value
        rows: dict[str, list[tuple[int, str]]] = {}
        for pk, name, note in self.noren.sql(
            "SELECT id, legal_name, note FROM contacts_company WHERE legal_name LIKE %s", [f"{self.prefix}%"]
        ):
            rows.setdefault(name, []).append((pk, note))
        ids = [pk for found in rows.values() for pk, _note in found]
        facts = dict(
            self.noren.sql(
                "SELECT subject_id, count(*) FROM event_fact WHERE name = 'contacts.company.created' AND subject_id = ANY(%s)"
                " GROUP BY 1", [ids],
            )
        )  # fmt: skip
        effects = dict(
            self.noren.sql(
                "SELECT key, count(*) FROM trial_effect WHERE key = ANY(%s) GROUP BY 1",
                [[f"company {pk}" for pk in ids]],
            )
        )
        done = [effects.get(f"company {pk}", 0) for pk in ids]
        odd = [fault for one in self.clients for fault in one.odd]
        verdict = Verdict(
            self.trial, self.seed,
            acknowledged=len(made) + len(notes),
            lost=sum(pk not in [i for i, _n in rows.get(name, ())] for name, pk in made.items())
            + sum(note not in [n for _i, n in rows.get(name, ())] for name, note in notes.items()),
            duplicated=sum(len(found) - 1 for found in rows.values()),
            without_fact=sum(facts.get(pk) != 1 for pk in ids),
            without_effect=sum(count == 0 for count in done),
            double_effect=sum(count > 1 for count in done),
            odd=len(odd),
            **given,
        )  # fmt: skip
        verdict.notes |= {"drained_s": round(drained, 1), "broken_answers": sum(len(c.broken) for c in self.clients)}
        if odd:
            verdict.notes["odd"] = [str(one)[:200] for one in odd[:3]]
        return verdict
