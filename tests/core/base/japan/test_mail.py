import pytest

from noren.core.base.japan.mail import check_email, send_address, split_emails
from noren.core.base.japan.values import Unreadable


@pytest.mark.parametrize(
    ("typed", "stored", "warning"),
    [
        ("taro@example.co.jp", "taro@example.co.jp", ""),
        ("ａ＠ｂ．ｃｏ．ｊｐ", "a@b.co.jp", ""),
        (" Taro.Yamada+crm@Example.jp　", "Taro.Yamada+crm@Example.jp", ""),
        ("a..b@docomo.ne.jp", "a..b@docomo.ne.jp", "mail.dots"),
        (".a@docomo.ne.jp", ".a@docomo.ne.jp", "mail.dots"),
        ("a.@ezweb.ne.jp", "a.@ezweb.ne.jp", "mail.dot_at"),
        ('"a..b"@docomo.ne.jp', '"a..b"@docomo.ne.jp', "mail.dots"),
        ("山田 太郎 <a@b.jp>", "a@b.jp", ""),
        ("mailto:a@b.jp", "a@b.jp", ""),
        ("a@日本語.jp", "a@日本語.jp", ""),
    ],
)
def test_addresses_are_kept_and_warned_about(typed: str, stored: str, warning: str) -> None:
    assert check_email(typed) == (stored, warning)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "なし",
        "a",
        "a@b",
        "a b@c.jp",
        "a@b..jp",
        "a@-b.jp",
        "a@@b.jp",
        "@b.jp",
        "a@b.jp, c@d.jp",
        "a\n@b.jp",
        "a" * 65 + "@b.jp",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Unreadable) as refused:
        check_email(typed)

    assert refused.value.code == "mail.unreadable"


def test_carriers_get_their_odd_addresses_in_quotes() -> None:
    assert send_address("a..b@docomo.ne.jp") == '"a..b"@docomo.ne.jp'
    assert send_address("a.@au.com") == '"a."@au.com'
    assert send_address("a.b@docomo.ne.jp") == "a.b@docomo.ne.jp"
    assert send_address("a..b@example.jp") == "a..b@example.jp"
    assert send_address('"a..b"@docomo.ne.jp') == '"a..b"@docomo.ne.jp'


def test_a_cell_may_hold_several_addresses() -> None:
    assert split_emails("a@b.jp, c@d.jp；ｅ＠ｆ.jp\n山田 <g@h.jp>") == ["a@b.jp", "c@d.jp", "e@f.jp", "g@h.jp"]
    assert split_emails("なし") == []
