"""Company names: the legal form and where it stands, and the key under which two spellings of one company meet."""

import re
import unicodedata

from noren.core.base.japan import person
from noren.core.base.text import DASHES, VARIANTS, fold

FORMS = (
    "特定非営利活動法人",
    "一般社団法人",
    "一般財団法人",
    "公益社団法人",
    "公益財団法人",
    "社会福祉法人",
    "医療法人社団",
    "医療法人財団",
    "医療法人",
    "学校法人",
    "宗教法人",
    "地方独立行政法人",
    "独立行政法人",
    "国立大学法人",
    "社会保険労務士法人",
    "土地家屋調査士法人",
    "司法書士法人",
    "行政書士法人",
    "特許業務法人",
    "弁護士法人",
    "税理士法人",
    "監査法人",
    "農事組合法人",
    "協同組合",
    "相互会社",
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
)
ABBREVIATIONS = {
    "株": "株式会社",
    "有": "有限会社",
    "同": "合同会社",
    "合": "合同会社",
    "名": "合名会社",
    "資": "合資会社",
    "医": "医療法人",
    "社": "一般社団法人",
    "財": "一般財団法人",
    "一社": "一般社団法人",
    "一財": "一般財団法人",
    "公社": "公益社団法人",
    "公財": "公益財団法人",
    "学": "学校法人",
    "福": "社会福祉法人",
    "特非": "特定非営利活動法人",
    "独": "独立行政法人",
    "宗": "宗教法人",
    "税": "税理士法人",
}
BANK_FORMS = {
    "カ": "株式会社",
    "ユ": "有限会社",
    "メ": "合名会社",
    "シ": "合資会社",
    "ド": "合同会社",
    "イ": "医療法人",
    "ザイ": "一般財団法人",
    "シヤ": "一般社団法人",
    "シユウ": "宗教法人",
    "ガク": "学校法人",
    "フク": "社会福祉法人",
    "トクヒ": "特定非営利活動法人",
    "ドク": "独立行政法人",
    "ベン": "弁護士法人",
    "ゼイ": "税理士法人",
    "シホウ": "司法書士法人",
    "ギヨ": "行政書士法人",
    "ダイ": "国立大学法人",
    "ノウ": "農事組合法人",
}
"""How bank files write the forms: カ)ヤマダ at the head, ヤマダ(カ at the tail, ヤマダ(カ)ギンザ in the middle."""
BANK_OFFICES = {"エイ": "営業所", "シユツ": "出張所"}


def _alternatives(words: object) -> str:
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))  # type: ignore[call-overload]


_SHORT = _alternatives(ABBREVIATIONS)
_BANK = _alternatives([*BANK_FORMS, *BANK_OFFICES])
_HEAD = re.compile(rf"(?:(?P<form>{_alternatives(FORMS)})|[(\[〔【](?P<short>{_SHORT})[)\]〕】])")
_TAIL = re.compile(rf"(?:(?P<form>{_alternatives(FORMS)})|[(\[〔【](?P<short>{_SHORT})[)\]〕】])$")
_BANK_HEAD = re.compile(rf"(?P<bank>{_BANK})\)")
_BANK_TAIL = re.compile(rf"\((?P<bank>{_BANK})\)?$")
_BANK_MIDDLE = re.compile(rf"(?<=[ァ-ヺー])\((?P<bank>{_BANK})\)(?=[ァ-ヺ])")
_DROPPED: dict[int, None] = dict.fromkeys(map(ord, " ・･,.、。'’`\"“”&＆~〜ー-\t\n\r\x0b\x0c\u2028\u2029" + DASHES))
_VARIANTS = {ord(variant): plain for variant, plain in VARIANTS.items()}


_LONGEST = 500  # a key needs no more, and a pasted book must not cost a minute


def _form(found: re.Match[str]) -> str:
    """The full form a match stands for; an office (営業所) is no form."""
    groups = found.groupdict()
    if groups.get("bank"):
        return BANK_FORMS.get(groups["bank"], "")
    return groups["form"] or ABBREVIATIONS[groups["short"]]


def parse_form(s: str) -> tuple[str, str]:
    """(full form, where it stands): ㈱山田 -> ("株式会社", "before"), 山田（株） -> ("株式会社", "after"), 山田 -> ("", "none").

    Bank kana forms are understood; in the middle, ヤマダ(カ)ギンザ, the form belongs to ヤマダ and stands "after".
    """
    name = " ".join(unicodedata.normalize("NFKC", s).split())
    for pattern, place in ((_HEAD, "before"), (_BANK_HEAD, "before")):
        if found := pattern.match(name):
            return _form(found), place
    for pattern in (_TAIL, _BANK_TAIL, _BANK_MIDDLE):
        if (found := pattern.search(name)) and _form(found):
            return _form(found), "after"
    return "", "none"


def _narrow(s: str) -> str:
    name = unicodedata.normalize("NFKC", s).translate(_DROPPED)[:_LONGEST]
    name = _HEAD.sub("", name, count=1) if _HEAD.match(name) else name
    name = _TAIL.sub("", name, count=1)
    name = _BANK_MIDDLE.sub("", name)
    if _BANK_HEAD.match(name):
        name = _BANK_HEAD.sub("", name, count=1)
    name = _BANK_TAIL.sub("", name, count=1)
    return "".join(name.casefold().translate(_VARIANTS).split())


def name_key(s: str) -> str:
    """The name without its legal form, spaces, dots, dashes, width, case and character variants.

    ㈱髙﨑製作所 and 高崎製作所株式会社 -> 高崎製作所. An empty key means no name at all (株式会社 alone): refuse it, and never
    match on it. Equal keys mean a possible duplicate, not a certain one: 前株 and 後株 may be two companies.
    """
    key = _narrow(s)
    while (again := _narrow(key)) != key:
        key = again
    return key


def strip_honorific(s: str) -> str:
    """The bare name: 株式会社A 御中 -> 株式会社A."""
    return person.strip_honorific(s)


def query_terms(q: str) -> list[str]:
    """The words of a search, folded, each of which must be found; the legal form is taken off a name.

    ㈱山田 asks for 山田, because the form may be written otherwise or stand at the other end. 株式会社 alone stays.
    """
    words = fold(q).split()
    bare = [_TAIL.sub("", _HEAD.sub("", word, count=1) if _HEAD.match(word) else word, count=1) for word in words]
    return [word for word in bare if word] or words
