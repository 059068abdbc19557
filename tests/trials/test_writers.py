"""T17, T18: two people at one record, and one wish sent several times at once."""

from __future__ import annotations

import http.cookiejar
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

from tests.trials.load import COMPANIES, Verdict
from tests.trials.running import Noren

Keep = Callable[[Verdict], None]


class Person:
    """Somebody with a browser: cookies, hidden fields, forms sent as they came."""

    def __init__(self, noren: Noren) -> None:
        self.base = f"http://localhost:{noren.port}"
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        status, _page, where = self.send(
            "/login/", {"login": "trials@example.jp", "password": "long enough for a trial"}
        )
        assert status == 200, status
        assert "/login/" not in where, "the log-in was refused"

    def open(self, path: str, sent: list[tuple[str, str]] | None = None) -> tuple[int, str, str]:
        data = urllib.parse.urlencode(sent).encode() if sent is not None else None
        asked = urllib.request.Request(self.base + path, data, {"Referer": self.base + path, "Accept-Language": "en"})
        try:
            with self.opener.open(asked, timeout=20) as answer:
                return answer.status, answer.read().decode(), answer.url
        except urllib.error.HTTPError as no:
            return no.code, no.read().decode(errors="replace"), path

    def form(self, path: str, *, whole: bool = False) -> list[tuple[str, str]]:
        """The hidden fields of the page's form that sends its values; `whole`: all that is filled in."""
        _status, page, _where = self.open(path)
        own = max(
            (f for f in re.findall(r"<form[^>]*>.*?</form>", page, re.DOTALL) if 'method="post"' in f.lower()), key=len
        )
        found = []
        for tag in re.findall(r"<input[^>]*>", own):
            name, value = (re.search(rf'\b{word}="([^"]*)"', tag) for word in ("name", "value"))
            ticks = 'type="checkbox"' in tag or 'type="radio"' in tag
            if name and value and ('type="hidden"' in tag or (whole and value[1] and (not ticks or " checked" in tag))):
                found.append((unescape(name[1]), unescape(value[1])))
        for name_of, inner in (
            re.findall(r'<select[^>]*\bname="([^"]*)"[^>]*>(.*?)</select>', own, re.DOTALL) if whole else ()
        ):
            chosen = [tag for tag in re.findall(r"<option[^>]*>", inner) if " selected" in tag]
            found += [
                (name_of, unescape(value[1])) for tag in chosen if (value := re.search(r'\bvalue="([^"]*)"', tag))
            ]
        return found

    def send(self, path: str, values: dict[str, str]) -> tuple[int, str, str]:
        hidden = [(name, value) for name, value in self.form(path) if name not in values]
        return self.open(path, [*hidden, *values.items()])


def test_t17_two_editors_lose_nothing(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    """Both add their word to the same note, 200 times each, always to what they last saw."""
    rounds = 200
    made = noren.call("POST", COMPANIES, {"legal_name": f"T17-{seed}-{time.time()}"}).body["id"]
    path = f"{COMPANIES}/{made}"
    conflicts: list[Any] = []
    odd: list[Any] = []
    told: list[str] = []
    gate = threading.Barrier(2)

    def edit(who: str) -> None:
        for number in range(rounds):
            word = f"{who}{number};"
            gate.wait(60)
            for _ in range(20):
                seen = noren.call("GET", path)
                mine = (seen.body["note"] or "") + word
                answer = noren.call("PATCH", path, {"note": mine}, If_Match=f'"{seen.body["version"]}"')
                if answer.status == 200:
                    told.append(word)
                    break
                if answer.status == 409 and {"theirs", "mine"} <= answer.body.keys():
                    if answer.body["mine"]["note"] != mine or not answer.body["theirs"]["note"]:
                        odd.append(answer.body)
                    conflicts.append(number)
                elif answer.status != 409:
                    odd.append((answer.status, answer.body))

    with ThreadPoolExecutor(2) as two:
        for one in [two.submit(edit, who) for who in "ab"]:
            one.result(240)
    note = noren.call("GET", path).body["note"]
    words = note.split(";")[:-1]
    verdict(
        Verdict(
            "T17", seed, acknowledged=len(told), lost=sum(word[:-1] not in words for word in told),
            duplicated=len(words) - len(set(words)), odd=len(odd) + (2 * rounds - len(told)),
            notes={"conflicts": len(conflicts), "odd": [str(one)[:200] for one in odd[:3]]},
        )
    )  # fmt: skip
    assert conflicts, "the two never met"


def test_t17_in_forms_the_second_sees_both_values(noren: Noren, verdict: Keep, seed: int) -> None:
    rounds = 20
    made = noren.call("POST", COMPANIES, {"legal_name": f"T17 form {seed} {time.time()}"}).body["id"]
    path = f"/contacts/companies/{made}/edit/"
    first, second = Person(noren), Person(noren)
    lost = odd = 0
    for number in range(rounds):
        one, two = first.form(path), second.form(path)
        mine, theirs = f"first {number}", f"second {number}"
        saved = first.open(path, [*one, ("short_name", mine)])
        refused = second.open(path, [*two, ("short_name", theirs)])
        odd += saved[0] != 200
        odd += refused[0] != 409 or mine not in refused[1] or theirs not in refused[1]
        lost += noren.call("GET", f"{COMPANIES}/{made}").body["short_name"] != mine
    verdict(Verdict("T17 forms", seed, acknowledged=rounds, lost=lost, odd=odd))


def test_t18_one_key_five_times_at_once(noren: Noren, verdict: Keep, seed: int, long: bool) -> None:
    keys = [f"T18-{seed}-{int(time.time())}-{n}" for n in range(200 if long else 100)]
    odd: list[Any] = []

    def send(key: str) -> tuple[int, Any]:
        for _ in range(50):
            answer = noren.call("POST", COMPANIES, {"legal_name": key}, key=key)
            if answer.status == 409 and answer.body.get("code") == "in_flight":
                time.sleep(0.1)
                continue
            break
        return answer.status, answer.body

    with ThreadPoolExecutor(5) as five:
        for key in keys:
            answers = list(five.map(send, [key] * 5))
            if any(answer != answers[0] for answer in answers) or answers[0][0] != 201:
                odd.append(answers)
        other = noren.call("POST", COMPANIES, {"legal_name": "another body"}, key=keys[0])
        if other.status != 422:
            odd.append((other.status, other.body))
    noren.drain()
    rows = noren.sql(
        "SELECT legal_name, count(*), min(id) FROM contacts_company WHERE legal_name = ANY(%s) GROUP BY 1", [keys]
    )
    effects = dict(
        noren.sql(
            "SELECT key, count(*) FROM trial_effect WHERE key = ANY(%s) GROUP BY 1",
            [[f"company {pk}" for _k, _n, pk in rows]],
        )
    )
    verdict(
        Verdict(
            "T18", seed, acknowledged=len(keys), lost=len(keys) - len(rows), duplicated=sum(n - 1 for _k, n, _pk in rows),
            without_effect=len(rows) - len(effects), double_effect=sum(n > 1 for n in effects.values()), odd=len(odd),
            notes={"odd": [str(one)[:300] for one in odd[:3]]},
        )
    )  # fmt: skip


def test_t19_a_form_sent_five_times_at_once_makes_one_record(noren: Noren, verdict: Keep, seed: int) -> None:
    person = Person(noren)
    page = "/contacts/companies/new/"
    found = Verdict("T19 form", seed)
    with ThreadPoolExecutor(5) as five:
        for number in range(10):
            name = f"T19-{seed}-{int(time.time())}-{number}"
            sent = [*person.form(page, whole=True), ("legal_name", name)]
            answers = [one.result(60) for one in [five.submit(person.open, page, sent) for _ in range(5)]]
            made = noren.one("SELECT count(*) FROM contacts_company WHERE legal_name = %s", [name])
            found.acknowledged += any(status == 200 for status, _page, _where in answers)
            found.odd += sum(status >= 500 for status, _page, _where in answers)
            found.lost += made == 0
            found.duplicated += max(made - 1, 0)
            if not made:
                found.notes["answers"] = [status for status, _page, _where in answers]
                found.notes["said"] = re.findall(r'class="[^"]*(?:error|fault)[^"]*"[^>]*>([^<]+)', answers[0][1])[:5]
    verdict(found)
