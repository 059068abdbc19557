"""The script that tells the true Maven figures, on eight deals whose figures are worked out by hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "maven_truth.py"
FILES = {
    "products": "product,series,sales_price\nGTX Pro,GTX,100\nMG Special,MG,10\n",
    "sales_teams": "sales_agent,manager,regional_office\nAnn,Max,West\nBob,Mia,East\nCy,Mia,East\n",
    "accounts": "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
    "Acme,technolgy,1996,1,1,Japan,\nZoom,retail,1996,1,1,Japan,\n",
    "sales_pipeline": """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
1,Ann,GTXPro,Acme,Won,2017-01-01,2017-01-11,90
2,Ann,GTX Pro,Zoom,Won,2017-03-30,2017-04-19,100
3,Bob,MG Special,Acme,Won,2017-03-31,2017-04-30,11
4,Bob,GTX Pro,Zoom,Lost,2017-03-01,2017-03-31,0
5,Bob,MG Special,,Lost,2017-04-01,2017-04-01,0
6,Ann,GTX Pro,,Engaging,2017-12-01,,
7,Ann,MG Special,Acme,Engaging,2017-12-21,,
8,Cy,GTX Pro,,Prospecting,,,
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_figures_worked_out_by_hand(folder: Path) -> None:
    run = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(run.stdout)
    assert found["rows"]["stages"] == {"Won": 3, "Lost": 2, "Engaging": 2, "Prospecting": 1}
    assert found["rows"]["missing"]["account"] == 3
    assert (found["rows"]["agents"], found["rows"]["misspelled_products"]) == (3, 1)
    whole = found["all"]
    assert (whole["closed"], whole["won"], whole["revenue"]) == (5, 3, 201)
    assert whole["win_rate"] == pytest.approx(0.6)
    assert whole["wilson"] == pytest.approx([0.2307, 0.8824], abs=1e-4)
    assert whole["average_cycle"] == 20
    assert whole["median_amount"] == 90
    assert found["win_rate_value"]["at_list"] == pytest.approx(210 / 320)
    assert found["win_rate_value"]["won_at_amount"] == pytest.approx(201 / 311)
    assert found["by_quarter"]["2017Q1"]["closed"] == 2
    assert found["by_quarter"]["2017Q2"]["revenue"] == 111
    assert found["by_product"]["GTX Pro"]["won"] == 2
    assert found["by_sector"]["technology"]["won"] == 2
    assert found["by_agent"]["Cy"]["win_rate"] is None
    # Deal 4 closes on the day itself and is no longer open; deals 2 and 3 are.
    assert [day["deals"] for day in found["open_as_of"].values()] == [2, 0, 0, 2]
    assert found["open_list_value"] == {"all": 210, "engaging": 110, "deals": 3}
    assert found["cohorts"]["2017Q1"] == {"engaged": 4, "won": 3, "lost": 1, "open": 0, "won_of_engaged": 0.75}
    # Waits 0 lost, 10 won + open, 20 won, 30 won + lost + open: 7 at risk, then 6, 4, 3.
    survival = found["survival"]
    assert (survival["n"], survival["median"]) == (7, 30)
    assert survival["at"]["7"]["lost"] == pytest.approx(1 / 7)
    assert survival["at"]["30"]["won"] == pytest.approx(1 / 7 + 5 / 7 / 4 + 15 / 28 / 3)
    assert survival["at"]["30"]["waiting"] == pytest.approx(5 / 28)


def test_a_folder_without_the_files_is_told_so(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 1
    assert "FileNotFoundError" in run.stderr
