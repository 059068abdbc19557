"""Refresh the browser files we carry in `static/vendor/` from npm, and rewrite VENDOR.toml.

Run:  python scripts/vendor.py           fetch, cut the font, write files and hashes
      python scripts/vendor.py --check   only compare the files on disk with VENDOR.toml

Needs the `npm` program; cutting the font also needs `fonttools` and `brotli` (development only, never at run time).
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "src/noren/core/page/static/vendor"
LIST = HERE / "VENDOR.toml"


@dataclass(frozen=True)
class Part:
    """One file taken from one npm package."""

    name: str
    package: str
    version: str
    licence: str
    member: str  # path inside the package
    file: str  # name here
    cut: bool = False  # a font to be cut down


PARTS = (
    Part("htmx", "htmx.org", "4.0.1", "0BSD", "dist/htmx.min.js", "htmx-4.0.1.min.js"),
    Part("SortableJS", "sortablejs", "1.15.7", "MIT", "Sortable.min.js", "sortable-1.15.7.min.js"),
    Part(
        "Inter",
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "files/inter-latin-wght-normal.woff2",
        "inter-5.3.0-latin.woff2",
        cut=True,
    ),
)

# Letters, digits and signs of English, Western European names, and the signs our numbers use. Japanese comes from the system.
SIGNS = "\u00a0¥©«°±·»×–—‘’“”•…−€"
LETTERS = [*range(0x20, 0x7F), *range(0xC0, 0x100), *map(ord, SIGNS)]
FEATURES = ["kern", "tnum", "ccmp", "locl", "mark"]
WEIGHTS = (400, 600)


def cut(data: bytes) -> bytes:
    """The font with our letters and weights only: about half the size."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    narrowed = io.BytesIO()
    instancer.instantiateVariableFont(font, {"wght": WEIGHTS}).save(narrowed)
    options = subset.Options()
    options.layout_features = FEATURES
    options.hinting = False
    options.recalc_timestamp = False
    font = TTFont(io.BytesIO(narrowed.getvalue()), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=LETTERS)
    cutter.subset(font)
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def fetch(part: Part, folder: Path) -> tuple[bytes, bytes]:
    """The wanted file and the licence text, out of the npm package."""
    answer = subprocess.run(
        ["npm", "pack", "--silent", f"{part.package}@{part.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    with tarfile.open(folder / answer.stdout.split()[-1]) as box:
        wanted = box.extractfile(f"package/{part.member}")
        licence = box.extractfile("package/LICENSE")
        if wanted is None or licence is None:
            raise SystemExit(f"{part.package} {part.version} has no {part.member} or no LICENSE")
        return wanted.read(), licence.read()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def refresh() -> None:
    for old in HERE.iterdir():
        old.unlink()
    lines = ["# Browser files we carry, so that nobody needs Node. Written by scripts/vendor.py; do not edit.\n"]
    for part in PARTS:
        with tempfile.TemporaryDirectory() as folder:
            data, licence = fetch(part, Path(folder))
        if part.member.endswith(".js"):  # the map is not carried
            data = b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"//# sourceMappingURL"))
        if part.cut:
            data = cut(data)
        (HERE / part.file).write_bytes(data)
        (HERE / f"{part.name.lower()}.LICENSE.txt").write_bytes(licence)
        lines.append(
            f'[[part]]\nname = "{part.name}"\nversion = "{part.version}"\nlicence = "{part.licence}"\n'
            f'package = "{part.package}"\nmember = "{part.member}"\nfile = "{part.file}"\nchanged = {str(part.cut).lower()}\n'
            f'sha256 = "{digest(data)}"\n'
        )
    LIST.write_text("\n".join(lines))


def check() -> list[str]:
    """Files whose bytes are not the ones VENDOR.toml promises."""
    parts = tomllib.loads(LIST.read_text())["part"]
    return [part["file"] for part in parts if digest((HERE / part["file"]).read_bytes()) != part["sha256"]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only compare files with VENDOR.toml")
    if not parser.parse_args().check:
        refresh()
    if wrong := check():
        sys.exit("do not match VENDOR.toml: " + ", ".join(wrong))
