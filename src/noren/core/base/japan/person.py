"""How people are named and addressed. One place knows the order of names and which honorific follows."""

import re

JAPANESE = "[々〆ぁ-ゖァ-ヺー㐀-䶿一-鿿豈-﫿𠀀-𿿿]"
"""A letter of a Japanese name, as a regular expression of Python and of PostgreSQL."""
_CJK = re.compile(JAPANESE)
_FOR_PEOPLE = ("様", "殿", "先生", "各位", "さん")
_ENDINGS = ("御中", "様", "さま", "さん", "先生")
# 殿 and 行 also end names (鵜殿): they are honorifics only after a space.
_SPACED_ENDINGS = ("殿", "どの", "氏", "行", "宛", "各位")


def display_name(
    family: str, given: str, locale: str = "ja", *, honorific: str = "", gap: str = " ", capitals: bool = False
) -> str:
    """A person's name in the reader's order.

    ja: 山田 太郎 様, and Latin names too keep family first. en: Taro Yamada (`capitals`: Taro YAMADA), while a name in
    Japanese characters keeps its own order and no honorific is added. `gap` stands between the parts of a Japanese name.
    """
    family, given = family.strip(), given.strip()
    japanese = bool(_CJK.search(family + given))
    if not japanese and capitals:
        family = family.upper()
    if locale.startswith("ja"):
        name = (gap if japanese else " ").join(filter(None, (family, given)))
        return f"{name}{gap}{honorific}" if name and honorific and honorific != "none" else name
    return (gap if japanese else " ").join(filter(None, (family, given) if japanese else (given, family)))


def addressee(
    company: str = "", department: str = "", post: str = "", person: str = "", honorific: str = "", *, gap: str = " "
) -> str:
    """The line a letter or a document is addressed to: 株式会社A 購買部 部長 山田 太郎 様.

    An organisation or a department alone is 御中, a person 様, never both. `honorific` chooses another one for a person
    (殿, 先生), 各位 for a group, or "none". A post without a name stands for its holder and gets 様.
    """
    person = strip_honorific(person)
    parts = [strip_honorific(company), strip_honorific(department), post.strip(), person]
    line = gap.join(part for part in parts if part)
    if not line or honorific == "none":
        return line
    if person or post.strip():
        ending = honorific if honorific in _FOR_PEOPLE else "様"
    else:
        ending = "各位" if honorific == "各位" else "御中"
    return f"{line}{gap}{ending}"


def strip_honorific(name: str) -> str:
    """The bare name, as an import should store it: 山田 太郎 様 -> 山田 太郎. A name that is only an honorific stays."""
    bare = name.strip()
    for ending in (*_ENDINGS, *_SPACED_ENDINGS):
        rest = bare.removesuffix(ending)
        if rest != bare and (ending in _ENDINGS or rest[-1:].isspace()):
            bare = rest.rstrip()
    return bare or name.strip()


def split_full_name(full: str) -> tuple[str, str] | None:
    """(family, given) when a space, / or ・ shows where to split; None otherwise: nobody can tell 東海林太郎 apart safely.

    Names in kanji or kana stand family first. Latin names, and katakana ones joined by ・, stand given name first,
    unless a family name in capitals says otherwise (YAMADA Taro).
    """
    name = strip_honorific(full)
    parts = [part for part in re.split(r"[\s/／]+", name) if part]
    western = len(parts) == 1 and "・" in name
    if western:
        parts = [part for part in name.split("・") if part]
    if len(parts) < 2:
        return None
    if western or not _CJK.search(name):
        if parts[0].isupper() and len(parts[0]) > 1 and not parts[-1].isupper():
            return parts[0], " ".join(parts[1:])
        return parts[-1], ("・" if western else " ").join(parts[:-1])
    return (parts[0], parts[1]) if len(parts) == 2 else None
