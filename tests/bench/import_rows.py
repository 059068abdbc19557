"""Rows per second of an import, from the file to the committed row with search entry and history of facts.

    DATABASE_URL=postgresql://… .venv/bin/python -m tests.bench.import_rows [100k|1m] [plain|linked]

A scratch database is made beside the given one and dropped afterwards. Each run is a process of its own, so that its
memory is its own; of three runs the median counts. `plain`: people with names, readings, e-mail, phones and the name of
their company left out; `linked`: the same with the company, which is found or made.
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

FAMILY = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "山口",
    "松本",
    "井上",
    "木村",
    "林",
    "斎藤",
    "清水",
    "山崎",
    "森",
    "池田",
    "橋本",
    "阿部",
    "石川",
    "山下",
    "中島",
    "石井",
    "小川",
]
FAMILY_KANA = [
    "サトウ",
    "スズキ",
    "タカハシ",
    "タナカ",
    "イトウ",
    "ワタナベ",
    "ヤマモト",
    "ナカムラ",
    "コバヤシ",
    "カトウ",
    "ヨシダ",
    "ヤマダ",
    "ササキ",
    "ヤマグチ",
    "マツモト",
    "イノウエ",
    "キムラ",
    "ハヤシ",
    "サイトウ",
    "シミズ",
    "ヤマザキ",
    "モリ",
    "イケダ",
    "ハシモト",
    "アベ",
    "イシカワ",
    "ヤマシタ",
    "ナカジマ",
    "イシイ",
    "オガワ",
]
GIVEN = [
    "蓮",
    "陽葵",
    "湊",
    "凛",
    "悠真",
    "結菜",
    "朝陽",
    "芽依",
    "碧",
    "紬",
    "大翔",
    "莉子",
    "樹",
    "澪",
    "陽翔",
    "美月",
    "颯真",
    "結愛",
    "律",
    "咲良",
    "健太郎",
    "真由美",
    "直子",
    "裕子",
    "浩一",
    "誠",
    "恵子",
    "隆",
    "明美",
    "洋子",
]
GIVEN_KANA = [
    "レン",
    "ヒマリ",
    "ミナト",
    "リン",
    "ユウマ",
    "ユイナ",
    "アサヒ",
    "メイ",
    "アオ",
    "ツムギ",
    "ヒロト",
    "リコ",
    "イツキ",
    "ミオ",
    "ハルト",
    "ミツキ",
    "ソウマ",
    "ユア",
    "リツ",
    "サクラ",
    "ケンタロウ",
    "マユミ",
    "ナオコ",
    "ユウコ",
    "コウイチ",
    "マコト",
    "ケイコ",
    "タカシ",
    "アケミ",
    "ヨウコ",
]
POSTS = ["部長", "課長", "係長", "主任", "担当", "取締役", "代表取締役"]
SITES = ["営業部", "品質保証部", "製造部", "購買課", "総務部", "情報システム部"]
NAMES = ["みなと", "あおば", "ことぶき", "ゆきむら", "はるか", "あけぼの", "さくら", "ふじ", "たちばな", "みどり"]
TRADES = ["冷蔵", "鋳造", "食品", "化成", "光学", "精機", "物流", "電子", "建設", "商事"]
HEAD = ["姓", "名", "姓フリガナ", "名フリガナ", "部署", "役職", "メールアドレス", "携帯電話", "電話"]


def write_people(path: Path, count: int, *, linked: bool, seed: int = 7) -> None:
    """A file of made-up people; one company for about ten of them."""
    dice = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow([*HEAD, "会社名"] if linked else HEAD)
        for n in range(count):
            f, g = dice.randrange(30), dice.randrange(30)
            row = [
                FAMILY[f], GIVEN[g], FAMILY_KANA[f], GIVEN_KANA[g], dice.choice(SITES), dice.choice(POSTS), f"p{n}@c{n // 10}.example.jp",
                f"090-{dice.randrange(10000):04d}-{n % 10000:04d}", f"03-{dice.randrange(1000, 10000)}-{n % 10000:04d}",
            ]  # fmt: skip
            if linked:
                k = n // 10
                row.append(f"株式会社{NAMES[k % 10]}{TRADES[k // 10 % 10]}{k}")
            out.writerow(row)


def one_run(path: Path) -> dict[str, float]:
    """Import the file into the emptied tables of this process's database."""
    import django

    django.setup()
    from django.db import connection

    from noren.core.access.actor import HOUSE
    from noren.core.record.declare import record_of
    from noren.core.record.intake import run as intake

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE contacts_company, contacts_person, contacts_companysearch, contacts_personsearch, event_fact, "
            "record_importrun RESTART IDENTITY CASCADE"
        )
    connection.close()
    begun, idle = time.perf_counter(), time.process_time()
    run = intake.begin(record_of("contacts.person"), path, path.name, HOUSE.through("import"))
    tally = intake.carry_out(run, HOUSE.through("import"))
    took = time.perf_counter() - begun
    if tally.failed:
        raise SystemExit(f"{tally.failed} rows failed")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = _spent(cursor.fetchone()[0])
    child = resource.getrusage(resource.RUSAGE_CHILDREN)  # the process that reads the file; pages it shares count twice
    own = time.process_time() - idle + child.ru_utime + child.ru_stime
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + child.ru_maxrss) // 1024
    return {
        "rows": tally.created,
        "seconds": round(took, 2),
        "rate": round(tally.created / took),
        "mb": peak,
        "own": own,
        "server": server,
    }


def _spent(pid: int) -> float:
    """CPU seconds of the server's process for us; 0 when it is not on this machine."""
    try:
        cells = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


def main(size: str = "100k", *kinds: str) -> None:
    count = int(size.replace("k", "000").replace("m", "000000"))
    place = urlsplit(os.environ["DATABASE_URL"])
    os.environ["DATABASE_URL"] = urlunsplit(place._replace(path=f"{place.path}_bench"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noren.config.settings")
    _database(place, "CREATE")
    try:
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], check=True)
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import django; django.setup(); from noren.accounts.actions.setup import found_firm; found_firm('Bench')",
            ],
            check=True,
        )
        with tempfile.TemporaryDirectory() as folder:
            os.environ["NOREN_DATA"] = folder
            for kind in kinds or ("plain", "linked"):
                path = Path(folder) / f"{kind}.csv"
                write_people(path, count, linked=kind == "linked")
                runs = [_apart(path) for _ in range(int(os.environ.get("RUNS", "3")))]
                middle = statistics.median(run["rate"] for run in runs)
                each = [1e6 / count * statistics.median(run[who] for run in runs) for who in ("own", "server")]
                print(
                    f"{kind:8} {count:>9,} people: {middle:>8,.0f} rows/s (median of {len(runs)}: {[round(r['rate']) for r in runs]}), peak {max(r['mb'] for r in runs):.0f} MB; CPU per row: {each[0]:.0f} µs here, {each[1]:.0f} µs in the server",
                    flush=True,
                )
    finally:
        _database(place, "DROP")


def _apart(path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.import_rows", "--one", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _database(place: SplitResult, verb: str) -> None:
    import psycopg

    name = place.path.lstrip("/")
    with psycopg.connect(urlunsplit(place), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}_bench" WITH (FORCE)'.encode())
        if verb == "CREATE":
            connection.execute(f'CREATE DATABASE "{name}_bench"'.encode())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one_run(Path(sys.argv[2]))))
    else:
        main(*sys.argv[1:])
