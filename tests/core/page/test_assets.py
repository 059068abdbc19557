"""The joined files: small, complete, without clashes, and the carried files are the ones we promise."""

import gzip
import hashlib
import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from noren.core.page import assets

COLOR = re.compile(r"oklch\(|\brgba?\(|\bhsla?\(|#[0-9a-fA-F]{3,8}\b(?![^{]*\{)")
TOP = re.compile(r"^(?:const|let|class|function|async function) (\w+)", re.MULTILINE)


def packed(text: str) -> int:
    return len(gzip.compress(text.encode(), 9))


def sources() -> dict[str, str]:
    folder = assets.SOURCES / "css"
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.css")}


def owners(text: str) -> set[str]:
    """Classes a file introduces: rules at its own level (not nested, not inside a condition) that start with one class."""
    return set(re.findall(r"^  \.([a-z][\w-]*)(?: \{|,$)", text, re.MULTILINE))


@pytest.mark.parametrize("area", assets.AREAS)
def test_styles_of_one_page_stay_within_the_budget(area: str) -> None:
    made = assets.files()
    assert packed(made["noren/noren.css"]()) + packed(made[f"noren/{area}.css"]()) <= 25 * 1024


def test_scripts_of_a_page_stay_within_the_budget() -> None:
    carried = sum(packed(path.read_text("utf-8")) for path in (assets.SOURCES / "vendor").glob("*.js"))
    assert packed(assets.join_js()) + carried <= 45 * 1024


def test_first_visit_to_a_list_leaves_room_for_the_page_itself() -> None:
    made = assets.files()
    texts = [
        made["noren/noren.css"](),
        made["noren/list.css"](),
        assets.join_js(),
        (assets.SOURCES / "icons.svg").read_text("utf-8"),
    ]
    texts.append(next((assets.SOURCES / "vendor").glob("htmx*.js")).read_text("utf-8"))
    font = next((assets.SOURCES / "vendor").glob("*.woff2")).stat().st_size
    assert sum(map(packed, texts)) + font <= 65_000


def test_colors_are_named_in_one_place() -> None:
    found = {name: COLOR.findall(text) for name, text in sources().items() if name != "tokens.css"}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_every_variable_used_is_defined() -> None:
    text = "\n".join(sources().values())
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= set(re.findall(r"(--[\w-]+):", text))


def test_a_class_belongs_to_one_file() -> None:
    """Screens are loaded one at a time, but a class that two files introduce would mean two things."""
    homes: dict[str, list[str]] = defaultdict(list)
    for name, text in sources().items():
        if name.startswith("screens/"):
            for each in owners(text):
                homes[each].append(name)
    assert {each: names for each, names in homes.items() if len(names) > 1} == {}
    shared = set().union(
        *(owners(text) for name, text in sources().items() if not name.startswith("screens/") and name != "print.css")
    )
    assert {each: homes[each] for each in homes if each in shared} == {}


def test_top_level_names_of_the_scripts_never_clash() -> None:
    counts = Counter(TOP.findall(assets.join_js()))
    assert [name for name, count in counts.items() if count > 1] == []


def test_joined_script_has_no_imports_and_keeps_every_line_of_code() -> None:
    joined = assets.join_js()
    assert "import " not in joined
    assert "export " not in joined
    assert "asItWas = spot.innerHTML" in joined  # a line that starts with a type note
    for name in assets.SCRIPTS:
        text = (assets.SOURCES / f"js/{name}.js").read_text("utf-8")
        for element in re.findall(r'customElements\.define\("([\w-]+)"', text):
            assert f'define("{element}"' in joined


def test_scripts_list_every_source() -> None:
    assert sorted(assets.SCRIPTS) == sorted(path.stem for path in (assets.SOURCES / "js").glob("*.js"))


def test_scripts_need_nothing_a_strict_policy_forbids() -> None:
    joined = assets.join_js()
    assert not re.search(r"\beval\(|new Function|setAttribute\(\s*[\"']style|\.cssText", joined)


def test_squeeze_keeps_strings_and_calculations() -> None:
    text = 'a::before { content: " , { "; width: calc(1px + 2px); } /* gone */\n.b > .c , .d { color: var(--x) }'
    assert assets.squeeze_css(
        text
    ) == 'a::before{content:" , { ";width:calc(1px + 2px)}.b>.c,.d{color:var(--x) }'.replace(" }", "}")


def test_carried_files_are_the_promised_ones() -> None:
    folder = assets.SOURCES / "vendor"
    parts = tomllib.loads((folder / "VENDOR.toml").read_text("utf-8"))["part"]
    assert {part["name"] for part in parts} == {"htmx", "SortableJS", "Inter"}
    for part in parts:
        assert hashlib.sha256((folder / part["file"]).read_bytes()).hexdigest() == part["sha256"], part["file"]
        assert (folder / f"{part['name'].lower()}.LICENSE.txt").is_file()
        assert part["licence"]


def test_written_files_are_found_again(tmp_path: Path) -> None:
    written = assets.write(tmp_path)
    assert len(written) == len(assets.files())
    assert (tmp_path / "noren/noren.css").read_text("utf-8").startswith("@layer")
