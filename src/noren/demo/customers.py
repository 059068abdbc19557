"""Companies and the people in them: names, places, careers, consents."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from noren.contacts.models import Affiliation, Company, Consent, Person
from noren.core.base.japan.corporate import check_digit
from noren.core.record.intake.write import Drafts, copy_columns, insert, reserve_ids
from noren.demo.days import Clock
from noren.demo.ground import PLAN, Ground

COMPANIES, TWINS, PEOPLE, MOVERS = 120, 3, 260, 18
FORM = (1, 1, 3, 1, 0, 0, 4)  # places in `Words.forms`, by turns
CLINIC, CLINIC_FORM = 10, 6  # a trade with a legal form of its own


def companies(ground: Ground, clock: Clock) -> list[Any]:
    """Drafts of companies, the last few of which look like others: the work of a merge. `write` puts them in."""
    words, chance = ground.words, clock.chance
    drafts, rows = Drafts(Company), []
    for n, pk in enumerate(reserve_ids(Company, COMPANIES + TWINS)):
        like = n if n < COMPANIES else (3, 4, 12)[n - COMPANIES]
        root, root_kana = words.roots[like % len(words.roots)]
        trade_at = (like + 5 * (like // len(words.roots))) % len(words.trades)
        trade, trade_kana, industry = words.trades[trade_at]
        before, after = words.forms[CLINIC_FORM if trade_at == CLINIC else FORM[like % len(FORM)]]
        prefecture, city, postal, phone = words.places[like % len(words.places)]
        is_english = words.locale == "en"
        core = f"{root} {trade}" if is_english else f"{root}{trade}"
        name = f"{before}{core}{after}" if n < COMPANIES else core if is_english else f"㈱{core}"
        kana = "" if is_english else root_kana + trade_kana
        twelve = f"{chance.randint(1, 9)}00{n:03d}{(n + 17) * 7919:06d}"[:12]
        owner = ground.sellers[like % 6]
        size = int(10 ** chance.uniform(1.1, 3.4))
        made_on = clock.start - timedelta(days=chance.randint(1, 700))
        mailbox = root_kana if is_english else _plain(n)
        row = drafts.make(
            {
                "id": pk, "legal_name": name, "name_kana": kana, "short_name": core if n % 5 == 0 and n < COMPANIES else "",
                "industry": industry, "prefecture": prefecture, "city": city, "postal_code": postal,
                "block": "" if is_english else f"{like % 5 + 1}-{like % 9 + 1}-{like % 20 + 1}", "employees": size if n < COMPANIES else None,
                "annual_revenue": size * chance.randint(12, 40) * 1_000_000 if n % 4 and n < COMPANIES else None,
                "founded_year": chance.randint(1921, 2016) if n % 3 else None,
                "corporate_number": f"{check_digit(twelve)}{twelve}" if not is_english and n % 6 and n < COMPANIES else "",
                "rank": "a" if size > 900 else "b" if size > 120 else "c" if n % 3 else "",
                "standing": "partner" if n % 31 == 30 else "prospect",
                "phone": phone + (f"-01{like % 100:02d}" if is_english else f"-{1000 + like * 37 % 9000:04d}"[: 13 - len(phone)]),
                "email": f"info@{mailbox}.example.com" if n % 3 == 0 else "", "url": f"https://{mailbox}.example.com/" if n % 2 == 0 else "",
                "owner_id": owner.pk, "extra": {PLAN: words.plans[n % 3]} if n % 4 == 0 else {},
                "created_at": clock.at(clock.work(made_on)), "updated_at": clock.at(clock.work(made_on)),
            },
            {"owner": owner},
        )  # fmt: skip
        rows.append(row)
    rows[9].parent_id = rows[0].id
    rows[40].parent_id = rows[0].id
    return rows


def _plain(n: int) -> str:
    return f"kaisha{n + 1:03d}"


def people(ground: Ground, clock: Clock, firms: list[Any]) -> list[Any]:
    words, chance = ground.words, clock.chance
    drafts, rows = Drafts(Person), []
    for n, pk in enumerate(reserve_ids(Person, PEOPLE)):
        firm = firms[n % COMPANIES if n < 2 * COMPANIES else chance.randrange(COMPANIES)]
        family, family_kana, family_mail = words.families[n * 5 % len(words.families)]
        given, given_kana, given_mail = words.givens[(n * 7 + n // 24) % len(words.givens)]
        met = clock.work(firm.created_at.date() + timedelta(days=chance.randint(0, 500)))
        met = min(met, clock.work(clock.today - timedelta(days=2)))
        owner = firm.owner
        mailbox = firm.url.removeprefix("https://").strip("/") or f"{_plain(firm.id % 1000)}.example.com"
        row = drafts.make(
            {
                "id": pk, "family_name": family, "given_name": given, "family_kana": family_kana, "given_kana": given_kana,
                "company_id": firm.id, "department": words.departments[n % len(words.departments)],
                "post": words.posts[(n // 2) % len(words.posts)], "honorific": "様" if words.locale == "ja" else "",
                "email": f"{given_mail}.{family_mail}@{mailbox}" if n % 9 else "",
                "mobile": words.mobile.format(a=n % 1000, b=1000 + n * 31 % 9000, c=n % 100) if n % 3 else "",
                "phone": firm.phone, "owner_id": owner.pk, "source": words.meetings[n % len(words.meetings)], "met_on": met,
                "created_at": clock.at(met), "updated_at": clock.at(met),
            },
            {"owner": owner, "company": firm},
        )  # fmt: skip
        rows.append(row)
    return rows


def write(model: type[Any], rows: list[Any]) -> None:
    """By the way an import takes: settle, COPY, search entries."""
    for row in rows:
        row.settle()
    names = {name for row in rows[:1] for name in row.__dict__ if not name.startswith("_") and name != "story"}
    insert(model, rows, [column for column in copy_columns(model, names) if column.attname in rows[0].__dict__])


def careers(ground: Ground, clock: Clock, firms: list[Any], persons: list[Any]) -> None:
    """Where people worked, with a few who changed jobs; and what they agreed to."""
    words, chance = ground.words, clock.chance
    jobs, lines = [], []
    for n, person in enumerate(persons):
        began: date = person.met_on - timedelta(days=chance.randint(30, 1500))
        if n % (PEOPLE // MOVERS) == 3:
            earlier = firms[(n * 13 + 5) % COMPANIES]
            left = person.met_on + timedelta(days=chance.randint(20, 200))
            left = min(left, clock.today - timedelta(days=30))
            jobs.append(
                Affiliation(
                    person_id=person.id, company_id=earlier.id, department=person.department, post="", from_on=began,
                    to_on=left, source=person.source,
                )
            )  # fmt: skip
            began = left + timedelta(days=1)
        jobs.append(
            Affiliation(
                person_id=person.id, company_id=person.company_id, department=person.department, post=person.post,
                email=person.email, from_on=began, source=person.source,
            )
        )  # fmt: skip
        if n % 5 < 2:
            state = "refused" if n % 25 == 0 else "given"
            lines.append(
                Consent(
                    person_id=person.id, channel="phone" if n % 10 == 1 else "email", state=state,
                    basis=("consent", "card", "dealings")[n % 3], wording=words.consent_wording if n % 3 == 0 else "",
                    source=person.source, stated_at=clock.at(person.met_on),
                )
            )  # fmt: skip
            if n % 50 == 6:
                later = clock.work(min(person.met_on + timedelta(days=300), clock.today))
                lines.append(
                    Consent(person_id=person.id, channel="email", state="withdrawn", stated_at=clock.at(later))
                )
    Affiliation.every.bulk_create(jobs)
    Consent.every.bulk_create(lines)
