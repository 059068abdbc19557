"""Sample contexts for every screen, in Japanese and English, so that parts can be tried without database or log-in.

`SCREENS` maps a name to a function of the language that gives (template, context). The figures of the samples agree
with each other, as those of a firm would.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from django import template
from django.utils.safestring import mark_safe

from noren.core.page import parts
from noren.core.page.lists.cards import Card, card
from noren.core.page.numbers import charts
from noren.core.page.row import boxes

Context = dict[str, Any]


class Shell(Context):
    """What stands around a page, in words; drawn by the same templates as the real one."""

    def before(self, page: template.Context) -> str:
        return page.template.engine.get_template("ui/before.html").render(page)

    def after(self, page: template.Context) -> str:
        return page.template.engine.get_template("ui/after.html").render(page)


PEOPLE = {"ja": ["佐藤 美咲", "田中 健", "鈴木 遥", "高橋 蓮", "伊藤 彩"], "en": ["Misaki Sato", "Ken Tanaka", "Haruka Suzuki", "Ren Takahashi", "Aya Ito"]}  # fmt: skip


def pick(language: str, japanese: Any, english: Any) -> Any:
    """The sample in the wanted language."""
    return japanese if language == "ja" else english


def frame(language: str, current: str = "home") -> Context:
    """What every page needs: see base.html."""

    def item(key: str, ja: str, en: str, icon: str, go: str = "", count: str = "", hot: str = "") -> Context:
        return {"label": pick(language, ja, en), "href": f"{key}.html", "icon": icon, "go": go, "count": count, "hot": hot, "current": key == current}  # fmt: skip

    return {
        "nav": [
            {"label": "", "items": [
                item("home", "ホーム", "Home", "home", "h"),
                item("inbox", "受信箱", "Inbox", "inbox", "i", "6", pick(language, "未読6件", "6 unread")),
                item("tasks", "予定とタスク", "Tasks", "task", "t", "5"),
            ]},
            {"label": pick(language, "営業", "Sales"), "items": [
                item("board", "商談", "Deals", "deal", "d", "56"),
                item("list", "会社", "Companies", "company", "c"),
                item("people", "担当者", "People", "person", "p"),
                item("products", "商品", "Products", "box"),
            ]},
            {"label": pick(language, "分析", "Analysis"), "items": [
                item("forecast", "予測", "Forecast", "chart", "f"),
                item("metric", "指標", "Measures", "target", "m"),
            ]},
        ],
        "shell": Shell({
            "firm": pick(language, "青葉計測株式会社", "Aoba Instruments"), "theme": "", "density": "",
            "user": {"name": PEOPLE[language][0], "note": pick(language, "営業1課", "Sales team 1")},
            "tabs": [item("home", "ホーム", "Home", "home"), item("board", "商談", "Deals", "deal"), item("list", "顧客", "Customers", "company"), item("settings", "メニュー", "Menu", "menu")],
            "log_href": "dialog.html", "palette_url": "palette.html", "toasts": "",
            "languages": [{"code": "ja", "label": "日本語", "current": language == "ja"}, {"code": "en", "label": "English", "current": language == "en"}],
            "urls": {"home": "home.html", "search": "search.html", "settings": "settings.html", "theme": "#", "language": "#", "logout": "#"},
        }),
        "csrf_token": "sample",
    }  # fmt: skip


def home(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    unit = p("万円", "M")
    tiles = [
        (p("受注額", "Won"), "5,840", p("ペース −6.7pt", "Pace −6.7pt"), "kohaku", "+12.4%", "good", "up", [3, 5, 4, 6, 7, 5, 8, 6, 9, 8, 10, 9], 48.7, 55.4, "watch", p("目標 1億2,000万円", "Target 120M")),
        (p("成約率", "Win rate"), "27.4", p("目標未達", "Below target"), "shu", "−1.8pt", "bad", "down", [9, 8, 10, 8, 7, 8, 6, 6, 4, 3, 4, 2], 91.3, None, "bad", p("目標 30.0%", "Target 30.0%")),
        (p("平均受注単価", "Average deal"), "182", p("達成", "Reached"), "matsu", "+6.1%", "good", "up", [2, 4, 1, 5, 3, 6, 5, 7, 6, 8, 8, 9], 100, None, "good", p("目標 175万円", "Target 1.75M")),
        (p("商談サイクル", "Sales cycle"), "48", p("あと3日", "3 days to go"), "kohaku", p("−3日", "−3 days"), "good", "down", [9, 8, 10, 7, 6, 7, 5, 6, 4, 3, 3, 2], 93.8, None, "watch", p("目標 45日以内", "Within 45 days")),
        (p("新規の商談", "New deals"), "38", p("ペース +31pt", "Pace +31pt"), "matsu", "+18.2%", "good", "up", [2, 3, 3, 5, 4, 6, 7, 6, 8, 7, 9, 10], 87, 55, "good", p("目標 44件", "Target 44")),
        (p("次の一手あり", "With a next step"), "92.9", p("あと2件", "2 to go"), "kohaku", "+0.4pt", "good", "up", [4, 5, 4, 6, 6, 7, 7, 8, 8, 8, 9, 9], 97, None, "watch", p("目標 95%", "Target 95%")),
    ]  # fmt: skip
    units = [unit, "%", unit, p("日", "days"), p("件", ""), "%"]
    months = [(4, 3240, 0, 3300, 2890), (5, 3380, 0, 3500, 3010), (6, 4420, 0, 4300, 3820), (7, 3610, 0, 3600, 3300), (8, 2860, 0, 3100, 2740), (9, 5150, 0, 5000, 4610), (10, 3460, 0, 3700, 3190), (11, 2380, 1420, 4000, 3240), (12, 0, 3180, 4300, 3880), (1, 0, 390, 4000, 3420), (2, 0, 150, 4000, 3350), (3, 0, 77, 5200, 4720)]  # fmt: skip
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    stages = [(p("新規問合せ", "New inquiry"), 10, 2640, 264, 18, 4, 5, "62%"), (p("ヒアリング", "Discovery"), 25, 2980, 745, 14, 9, 10, "71%"), (p("提案", "Proposal"), 40, 3420, 1368, 11, 16, 12, "58%"), (p("見積提示", "Quoted"), 60, 2760, 1656, 8, 11, 10, "64%"), (p("最終交渉", "Negotiation"), 80, 1480, 1184, 5, 7, 7, "")]  # fmt: skip
    return "home.html", {
        "title": p("ホーム", "Home"), "area": "home", "today": p("2026年11月20日(金)・第3四半期 残り41日", "Friday, 20 November 2026 · 41 days left in Q3"),
        "scopes": [{"label": p("自分", "Me"), "href": "?scope=me"}, {"label": p("営業1課", "Team 1"), "href": "?", "current": True}, {"label": p("全社", "All"), "href": "?scope=all"}],
        "period_label": p("2026年度 第3四半期", "FY2026 Q3"), "periods": [{"label": p("第3四半期", "Q3"), "href": "?", "current": True}, {"label": p("第2四半期", "Q2"), "href": "?"}],
        "attention": [
            {"count": 3, "text": p("期限切れの\nタスク", "overdue\ntasks"), "href": "#", "tone": "shu"}, {"count": 4, "text": p("次の一手が\nない商談", "deals without\na next step"), "href": "#", "tone": "shu"},
            {"count": 6, "text": p("標準日数を\n超えた商談", "deals past their\nstandard days"), "href": "#", "tone": "kohaku"}, {"count": 5, "text": p("今日の\n予定とタスク", "tasks\ntoday"), "href": "#"},
            {"count": 13, "text": p("今期決まる\n見込み", "expected\nthis quarter"), "href": "#"}, {"count": 12, "text": p("新しい商談\n(今週)", "new deals\nthis week"), "href": "#"},
        ],
        "tiles": [
            {"label": t[0], "href": "metric.html", "value": t[1], "unit": units[at], "tag": t[2], "tone": t[3], "delta": t[4], "delta_state": t[5], "delta_icon": t[6], "base": p("前年同期比", "on last year"), "chart": charts.sparkline(t[7], f"{t[0]}"), "bullet": charts.bullet(t[8], f"{t[0]} {t[8]}%", t[9], t[10]), "target": t[11]}
            for at, t in enumerate(tiles)
        ],
        "figures_now": {
            "title": p("パイプライン", "Pipeline"), "note": p("56件・1億3,280万円・加重 5,217万円", "56 · 132.8M · weighted 52.2M"), "heads": [p("段階", "Stage"), p("濃い部分は確度で加重", "Dark: weighted"), unit, p("件", "n"), p("平均日数", "days")],
            "stages": [{"label": s[0], "share": f"{s[1]}%", "bar": charts.stage(s[2], s[3], 3420, f"{s[0]} {s[2]:,} / {s[3]:,}"), "amount": f"{s[2]:,}", "count": s[4], "days": s[5], "standard": s[6], "late": s[5] > s[6] * 1.2, "onward": s[7]} for s in stages],
            "land": {"title": p("今期の着地見込み", "Expected this quarter"), "value": p("1億440", "104.4"), "unit": unit, "tag": p("目標の87%", "87% of target"), "tone": "kohaku", "gap": p("▲1,560万円", "▲15.6M"), "bar": charts.landing(5840, 4600, 12000, p("受注済 5,840、加重 4,600、目標 12,000", "Won 5,840, weighted 4,600, target 12,000")), "legend": charts.legend(("bar", p("受注済 5,840", "Won 5,840")), ("expected", p("加重 4,600", "Weighted 4,600")))},
        },
        "months": {"title": p("12月が計画に1,120万円届きません", "December is 11.2M short of plan"), "chart": charts.columns([charts.Column(f"{m}月" if language == "ja" else names[m - 1], w, e, b, v) for m, w, e, b, v in months], charts.Words(p("受注済", "Won"), p("見込", "Expected"), p("計画", "Plan"), p("前年", "Last year")), now=7, height=318)},
        "stalled": {"title": p("停滞している商談", "Stalled deals"), "count": p("6件", "6"), "href": "#", "rows": [
            {"title": p("自動外観検査ライン 2号機", "Inspection line 2"), "href": "#", "note": p("株式会社ほしの精工・提案・680万円", "Hoshino Seiko · Proposal · 6.8M"), "days": p("31日", "31 days"), "standard": 12, "next": p("次の一手がありません", "No next step"), "next_state": "none", "owner": PEOPLE[language][1]},
            {"title": p("冷凍倉庫 温度監視(全6拠点)", "Cold store monitoring, 6 sites"), "href": "#", "note": p("みなとの冷蔵株式会社・見積提示・920万円", "Minatono Reizo · Quoted · 9.2M"), "days": p("24日", "24 days"), "standard": 10, "next": p("11/18 見積の返答確認", "18 Nov ask about the quote"), "next_state": "late", "next_icon": "alert", "owner": PEOPLE[language][2]},
            {"title": p("クリーンルーム差圧記録", "Clean room pressure log"), "href": "#", "note": p("すみれ製薬株式会社・提案・540万円", "Sumire Pharma · Proposal · 5.4M"), "days": p("21日", "21 days"), "standard": 12, "next": p("11/24 仕様打合せ", "24 Nov specification"), "next_icon": "calendar", "owner": PEOPLE[language][0]},
        ]},
    }  # fmt: skip


def _tools(language: str, current: str) -> Context:
    p = partial(pick, language)
    return {
        "layouts": [{"label": p("表", "Table"), "icon": "table", "href": "list.html", "current": current == "table"}, {"label": p("カンバン", "Board"), "icon": "deal", "href": "board.html", "current": current == "board"}, {"label": p("予測", "Forecast"), "icon": "chart", "href": "forecast.html", "current": current == "forecast"}],
        "chips": [
            {"field": p("担当", "Owner"), "operator": p("が次のいずれか", "is any of"), "value": p("営業1課", "Team 1"), "edit_href": "dialog.html", "remove_href": "?", "remove_label": p("条件「担当」を外す", "Remove the filter Owner")},
            {"field": p("状態", "State"), "operator": p("が次以外", "is not"), "value": p("取引終了", "Closed"), "edit_href": "dialog.html", "remove_href": "?", "remove_label": p("条件「状態」を外す", "Remove the filter State")},
        ],
        "filter_href": "filter_fields.html", "search": {"action": "list.html", "value": "", "keep": [("view", "mine")]}, "columns_href": "columns.html",
        "views": [
            {"label": p("すべて", "All"), "href": "?", "count": "1,284"}, {"label": p("営業1課の担当", "Team 1"), "href": "?", "count": "248", "current": True, "edited": True},
            {"label": p("優良顧客", "Key accounts"), "href": "?", "count": "96"}, {"label": p("90日接触なし", "Quiet for 90 days"), "href": "?", "count": "41"},
        ],
        "new_view_href": "dialog.html", "more": [{"label": p("取込", "Import"), "href": "import_upload.html", "icon": "upload"}, {"label": p("Excelに書き出す", "Export to Excel"), "href": "#", "icon": "download"}],
        "create": {"href": "form.html", "label": p("会社を登録", "Add company")},
    }  # fmt: skip


COMPANIES = [
    ("みなとの冷蔵株式会社", "Minatono Reizo", "商談中", "In talks", "nando", "11/18 返答確認", "late", "3日前", 920, 1760, 2, "倉庫・物流", "神奈川県川崎市"),
    ("あけぼの食品株式会社", "Akebono Foods", "優良", "Key", "matsu", "11/24 現地調査", "", "今日", 860, 4820, 0, "食品", "静岡県焼津市"),
    ("株式会社ほしの精工", "Hoshino Seiko", "商談中", "In talks", "nando", "", "none", "31日前", 680, 2310, 1, "精密加工", "長野県諏訪市"),
    ("株式会社みずほの里フーズ", "Mizuho no Sato", "優良", "Key", "matsu", "11/24 契約書確認", "", "今日", 640, 5380, 0, "食品", "新潟県長岡市"),
    ("株式会社はるか光学", "Haruka Optics", "商談中", "In talks", "nando", "11/24 価格再提示", "", "2日前", 610, 980, 1, "精密加工", "埼玉県川越市"),
    ("すみれ製薬株式会社", "Sumire Pharma", "優良", "Key", "matsu", "今日 仕様打合せ", "today", "昨日", 540, 6140, 0, "医薬", "富山県富山市"),
    ("株式会社やまびこ樹脂", "Yamabiko Resin", "見込", "Prospect", "fuji", "11/26 デモ", "", "6日前", 420, 0, 1, "化学", "三重県四日市市"),
    ("株式会社いなほ製粉", "Inaho Milling", "商談中", "In talks", "nando", "今日 提案書送付", "today", "9日前", 310, 720, 2, "食品", "千葉県船橋市"),
]  # fmt: skip


def rows(language: str, count: int = 50, ticks: bool = True) -> list[Context]:
    """List rows, as Python makes them: cells are ready strings."""
    made = []
    for at in range(count):
        ja, en, state, state_en, tone, step, step_state, seen, amount, ltv, owner, trade, place = COMPANIES[
            at % len(COMPANIES)
        ]
        name = pick(language, ja, en)
        step = step or pick(language, "決める", "Decide")
        unit = pick(language, "万円", "0k")
        made.append({"id": at + 1, "title": name, "state": "cur" if at == 3 else "", "cells": parts.cells("record.html", name, [
            parts.cell(parts.tag(pick(language, state, state_en), tone), phone="tag"),
            parts.cell(parts.next_line(step, step_state, "" if step_state != "none" else "next"), phone="next", edit="edit.html"),
            parts.cell(seen, "late" if seen == "31日前" else "", phone="end"),
            parts.cell(parts.number(f"{amount:,}", unit), "num", phone="num"),
            parts.cell(parts.number(f"{ltv:,}", unit) if ltv else mark_safe('<span class="mute">0</span>'), "num"),
            parts.cell(parts.who(PEOPLE[language][owner])),
            parts.cell(trade), parts.cell(place, phone="sub"),
        ], ticks)})  # fmt: skip
    return made


def listing(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    heads = [("会社名", "Company", "", "none"), ("状態", "State", "", ""), ("次の一手", "Next step", "", ""), ("最終接触", "Last contact", "", "none"), ("進行中の商談", "Open deals", "num", "descending"), ("LTV", "Lifetime value", "num", "none"), ("担当", "Owner", "", ""), ("業種", "Industry", "", ""), ("所在地", "Place", "", "")]  # fmt: skip
    return "list.html", {
        **_tools(language, "table"), "title": p("会社", "Companies"), "area": "list",
        "columns": [{"label": p(ja, en), "num": kind, "sort": sort, "href": "?sort=x" if sort else ""} for ja, en, kind, sort in heads],
        "rows": rows(language), "pick_label": p("選択:", "Choose"), "caption": p("会社の一覧(営業1課の担当)", "Companies of team 1"),
        "totals": mark_safe("<td></td>" + p('<td class="late">なし 31</td>', '<td class="late">None 31</td>') + "<td></td>" + p('<td class="num">合計 <b>1億3,280万円</b></td><td class="num">合計 <b>6億4,218万円</b></td>', '<td class="num">Sum <b>132.8M</b></td><td class="num">Sum <b>642.2M</b></td>') + "<td></td><td></td><td></td>"),
        "pager": {"text": p("248件中 1〜50", "1–50 of 248"), "previous": "", "next": "?page=2"},
        "bulk": {"action": "#", "total": 248, "chosen": p("{n}社を選択中", "{n} selected"), "every": p("条件に合う248社すべて", "All 248 that match"), "verbs": [{"value": "assign", "label": p("担当を変更", "Change owner"), "icon": "assign"}, {"value": "edit", "label": p("一括編集", "Edit"), "icon": "pencil"}, {"value": "export", "label": p("書き出し", "Export"), "icon": "download"}]},
    }  # fmt: skip


def board(language: str) -> tuple[str, Context]:

    p = partial(pick, language)
    unit = p("万円", "0k")
    lanes = [(p("新規問合せ", "New inquiry"), 18, 10, 2640, 264), (p("ヒアリング", "Discovery"), 14, 25, 2980, 745), (p("提案", "Proposal"), 11, 40, 3420, 1368), (p("見積提示", "Quoted"), 8, 60, 2760, 1656), (p("最終交渉", "Negotiation"), 5, 80, 1480, 1184)]  # fmt: skip

    def sample(lane: int, at: int) -> str:
        ja, en, _s, _se, _t, step, step_state, _seen, amount, *_rest = COMPANIES[(lane * 3 + at) % len(COMPANIES)]
        title = p(["温湿度監視システム", "校正サービス 年間契約", "HACCP対応 記録の自動化", "予兆監視"][at % 4], ["Climate monitoring", "Calibration, yearly", "HACCP records", "Early warning"][at % 4])  # fmt: skip
        return card(Card(
            lane * 10 + at, 1, "record.html", p(ja, en), title, f"{amount:,}", unit, "2026/12/25", dt.date(2026, 12, 25),
            next=step or p("次の一手を決める", "Decide the next step"), next_state=step_state, has_next=True, owner=PEOPLE[language][(lane + at) % 5],
            tags=[p("展示会", "Fair")] if at == 1 else [], age=p(f"{at * 9 + 3}日", f"{at * 9 + 3} d"), age_tone=["", "", "kohaku", "shu"][at % 4],
            age_label=p("この段階での日数", "Days in this stage"),
        ))  # fmt: skip

    return "board.html", {
        **_tools(language, "board"), "title": p("商談", "Deals"), "area": "board", "board": True, "move_url": "#", "may_move": True, "moved": p("「{card}」を{stage}へ移しました", "{card} moved to {stage}"),
        "sums": [{"label": "", "value": "56", "unit": p("件", " deals")}, {"label": p("合計", "Sum"), "value": p("1億3,280", "132.8M"), "unit": p("万円", "")}, {"label": p("加重", "Weighted"), "value": p("5,217", "52.2M"), "unit": p("万円", "")}, {"label": p("次の一手なし", "No next step"), "value": "4", "tone": "late"}],
        "lanes": [{"id": at + 1, "key": f"s{at}", "label": lane[0], "count": lane[1], "share": f"{lane[2]}%", "sum": f"{lane[3]:,}", "unit": unit, "weighted": f"{p('加重', 'weighted')} {lane[4]:,}", "add_href": "form.html", "shade": at + 1, "cards": [sample(at, each) for each in range(4)], "more_href": "?", "more_label": p(f"ほか {lane[1] - 4}件を表示", f"Show {lane[1] - 4} more"), "current": at == 1} for at, lane in enumerate(lanes)],
        "ends": [{"key": "won", "label": p("受注", "Won"), "verb": "win", "icon": "check", "count": 32, "unit": p("件", ""), "note": p("5,840万円", "58.4M"), "href": "?stage=won", "tone": "won"}, {"key": "lost", "label": p("失注", "Lost"), "verb": "lose", "icon": "x", "count": 85, "unit": p("件", ""), "note": p("理由を見る", "Reasons"), "href": "?stage=lost", "tone": "lost"}],
    }  # fmt: skip


def _boxed(data: Context) -> Context:
    """What a row's page is drawn from, from its data."""
    head = data["head"]
    sign = parts.avatar(head["name"], "", "l", bool(head.get("square"))) if head.get("avatar") else ""
    return {
        **data, **boxes.boxes(data, "token"), "head": {**head, "avatar": sign, "sub": mark_safe(boxes.sub(head))},
    }  # fmt: skip


def record(language: str) -> tuple[str, Context]:
    return "record.html", _boxed(_deal(language))


def _deal(language: str) -> Context:
    p = partial(pick, language)
    me = PEOPLE[language][0]

    def fact(ja: str, en: str, html: str, edit: str = "edit.html", meta: str = "") -> Context:
        return {"label": p(ja, en), "html": html, "face": html, "edit": edit, "meta": meta}

    return {
        "title": p("第3工場 温湿度監視システム", "Plant 3 climate monitoring"), "area": "record", "back": "list.html", "place": p("進行中 5 / 56", "5 of 56"), "previous_href": "?", "next_href": "?",
        "crumbs": [{"label": p("商談", "Deals"), "href": "board.html"}, {"label": p("あけぼの食品株式会社", "Akebono Foods"), "href": "company.html"}, {"label": p("第3工場 温湿度監視システム", "Plant 3 climate monitoring")}],
        "head": {"name": p("第3工場 温湿度監視システム", "Plant 3 climate monitoring"), "parts": [{"text": p("あけぼの食品株式会社", "Akebono Foods"), "href": "company.html"}, {"text": p("高野 真由美 様", "Mayumi Takano")}], "tags": [{"text": p("ヒアリング 8日目", "Discovery, day 8"), "tone": "nando"}], "amount": "860", "unit": p("万円", "0k"), "amount_note": p("加重 215万円・12/25予定", "weighted 2.15M · due 25 Dec")},
        "actions": [{"label": p("失注", "Lose"), "icon": "x", "href": "dialog.html", "sheet": True}, {"label": p("受注", "Win"), "icon": "check", "href": "dialog.html", "sheet": True}, {"label": p("活動を記録", "Log activity"), "icon": "plus", "kind": "pri", "href": "#composer", "key": "L"}],
        "menu": [{"label": p("担当を変更", "Change owner"), "href": "#", "icon": "assign"}, {"label": p("ごみ箱へ移動", "Move to the bin"), "href": "#", "icon": "trash", "danger": True}],
        "path": {"label": p("商談の段階", "Stages"), "days": True, "stages": [{"label": p("新規問合せ", "New inquiry"), "state": "done", "dates": "11/05–11/12", "days": p("7日 / 標準5日", "7 of 5 days"), "over": "+2", "href": "#"}, {"label": p("ヒアリング", "Discovery"), "state": "now", "dates": "11/12–", "days": p("8日 / 標準10日", "8 of 10 days")}, {"label": p("提案", "Proposal"), "dates": p("見込 11/22", "by 22 Nov"), "days": p("標準12日", "12 days"), "href": "#"}, {"label": p("見積提示", "Quoted"), "dates": p("見込 12/04", "by 4 Dec"), "days": p("標準10日", "10 days"), "href": "#"}, {"label": p("最終交渉", "Negotiation"), "dates": p("見込 12/14", "by 14 Dec"), "days": p("標準7日", "7 days"), "href": "#"}]},
        "next": {"icon": "meet", "label": p("次の一手", "Next step"), "title": p("11月24日(火) 14:00 第3工場の現地調査", "Tue 24 Nov, 14:00: survey of plant 3"), "note": p("同行: 田中 健・所要90分", "With Ken Tanaka, 90 minutes"), "done_href": "dialog.html", "later_href": "dialog.html", "edit_href": "dialog.html"},
        "groups": [
            {"title": p("商談の情報", "Details"), "edit_href": "form.html", "facts": [fact("金額(税抜)", "Amount", parts.number("¥8,600,000"), meta=p("見積 r2", "quote r2")), fact("確度", "Probability", "25%"), fact("受注予定日", "Closing", "2026/12/25"), fact("自社担当", "Owner", parts.who(me)), fact("きっかけ", "Source", p("既存深耕", "Existing customer")), fact("競合", "Rival", ""), fact("登録日", "Created", "2026/11/05", "")]},
            {"title": p("進め方の確認", "Checks"), "note": "2 / 3", "checks": [{"text": p("予算と時期を聞いた", "Budget and time known"), "ok": True}, {"text": p("決裁の流れを聞いた", "Decision path known"), "ok": True}, {"text": p("現地を調べた", "Site surveyed"), "note": "11/24"}], "history": {"title": p("金額の変更履歴", "History of the amount"), "changes": [{"old": "¥6,480,000", "new": "¥8,600,000", "note": p("2026/11/12 佐藤 美咲・画面", "12 Nov 2026, Misaki Sato, screen"), "reason": p("監視点 24 → 32", "24 → 32 points")}]}},
        ],
        "composer": {"action": "#", "key": "deal-42", "kinds": [{"value": "note", "label": p("メモ", "Note"), "icon": "note", "current": True}, {"value": "call", "label": p("電話", "Call"), "icon": "phone"}, {"value": "mail", "label": p("メール", "Mail"), "icon": "mail"}, {"value": "visit", "label": p("訪問・会議", "Visit"), "icon": "meet"}, {"value": "task", "label": p("タスク", "Task"), "icon": "task"}], "placeholder": p("メモを書く。「明日10時 電話」のように書くと次の一手になります", "Write a note. “Tomorrow 10:00 call” becomes the next step"), "about": p("この商談に紐づけ", "Belongs to this deal")},
        "tabs": [{"label": p("すべて", "All"), "href": "?", "count": 23, "current": True}, {"label": p("やりとり", "Contacts"), "href": "?", "count": 14}, {"label": p("変更履歴", "Changes"), "href": "?", "count": 9}],
        "days": [{"label": p("今日 11月20日(金)", "Today, Fri 20 Nov"), "entries": [{"kind": "call", "icon": "phone", "title": p("電話(発信・8分) 高野 真由美", "Call to Mayumi Takano, 8 min"), "time": "10:42", "text": p("第3工場は4月稼働で確定。監視点は当初の24点から32点に増える見込み。", "Plant 3 will start in April. 32 points instead of 24."), "who": me, "about": p("第3工場 温湿度監視システム", "Plant 3"), "about_href": "#", "fresh": True, "edit_href": "dialog.html"}]}, {"label": p("11月12日(木)", "Thu 12 Nov"), "entries": [{"icon": "deal", "title": p("段階が 新規問合せ から ヒアリング へ", "Stage: New inquiry → Discovery"), "time": "16:25", "changes": [{"field": p("金額", "Amount"), "old": "¥6,480,000", "new": "¥8,600,000"}], "who": me}]}],
        "panels": [
            {"id": "people", "title": p("キーパーソン", "Key people"), "add_href": "dialog.html", "add_sheet": True, "add_label": p("関係者を追加", "Add a person"), "kind": "people", "people": [{"name": p("高野 真由美", "Mayumi Takano"), "href": "#", "note": p("品質保証部 部長", "Head of quality"), "tag": p("決裁", "Decides"), "tone": "nando", "last": p("今日", "today")}, {"name": p("黒田 悟", "Satoru Kuroda"), "href": "#", "note": p("購買部", "Purchasing"), "tag": p("慎重", "Careful"), "tone": "kohaku", "last": p("21日前", "21 days ago"), "watch": True}], "notice": {"tone": "kohaku", "icon": "clock", "small": True, "text": p("購買の黒田様に21日会っていません。", "No contact with purchasing for 21 days.")}},
            {"id": "company", "title": p("会社", "Company"), "open_href": "company.html", "kind": "card", "card": {"name": p("あけぼの食品株式会社", "Akebono Foods"), "href": "#", "note": p("優良・食品・静岡県焼津市", "Key · Food · Yaizu"), "figures": [{"label": "LTV", "value": "4,820", "unit": p("万円", "0k")}, {"label": p("今年度", "This year"), "value": "1,164", "unit": p("万円", "0k")}]}},
            {"id": "similar", "title": p("似た商談の結果", "Similar deals"), "note": p("食品・500万〜1,000万円", "Food, 5–10M"), "kind": "table", "table": {"rows": [[{"text": p("成約率", "Win rate"), "head": True}, {"text": "36%", "num": True}, {"text": "16–61% · n=14", "num": True, "mute": True}], [{"text": p("受注まで", "Days to win"), "head": True}, {"text": "52", "num": True}, {"text": "n=5", "num": True, "mute": True}]]}},
            {"id": "deals", "title": p("ほかの商談", "Other deals"), "kind": "cards", "cards": [{"title": p("校正契約 更新", "Calibration renewal"), "href": "#", "value": "144", "unit": p("万円", "0k"), "steps": [True, True, False, False, False], "step_label": p("5段階中2", "2 of 5"), "note": "2026/09/30", "tag": p("受注", "Won"), "tone": "matsu"}]},
        ],
    }  # fmt: skip


def company(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "record.html", _boxed(_deal(language) | {
        "title": p("あけぼの食品株式会社", "Akebono Foods"), "path": None, "crumbs": [{"label": p("会社", "Companies"), "href": "list.html"}, {"label": p("あけぼの食品株式会社", "Akebono Foods")}],
        "head": {"name": p("あけぼの食品株式会社", "Akebono Foods"), "reading": p("あけぼのしょくひん", ""), "avatar": True, "square": True, "parts": [{"text": p("食品・静岡県焼津市", "Food · Yaizu")}, {"text": "akebono.example", "href": "#"}], "tags": [{"text": p("優良", "Key"), "tone": "matsu"}, {"text": p("ランク A", "Rank A"), "tone": "line"}]},
        "figures_label": p("この会社の数字", "Figures of this company"),
        "figures": [{"label": "LTV", "value": "4,820", "unit": p("万円", "0k"), "note": p("受注11件・2024/02〜", "11 won since 2024/02")}, {"label": p("今年度", "This year"), "value": "1,164", "unit": p("万円", "0k"), "note": p("前年度 1,858万円", "last year 18.6M")}, {"label": p("進行中の商談", "Open deals"), "value": "860", "unit": p("万円", "0k"), "note": p("1件・加重 215万円", "1 · weighted 2.15M")}, {"label": p("最終接触", "Last contact"), "value": p("今日", "today"), "note": p("10:42 電話", "10:42 call")}, {"label": p("健康度", "Health"), "value": "82", "unit": "/100", "note": "+4"}, {"label": p("未入金", "Unpaid"), "value": "¥312,400", "note": p("20日超過", "20 days late"), "hot": True}],
        "next": {"state": "none", "icon": "next", "label": p("次の一手がありません", "No next step"), "note": p("「明日10時 電話」のように書くだけで決まります", "Just write “tomorrow 10:00 call”"), "set_href": "dialog.html"},
    })  # fmt: skip


def form(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "form.html", {
        "title": p("会社を登録", "Add company"), "back": "list.html", "action": "#", "key": "company-new", "cancel_href": "list.html", "submit": p("登録", "Add"), "again": p("登録して次へ", "Add another"),
        "crumbs": [{"label": p("会社", "Companies"), "href": "list.html"}, {"label": p("登録", "Add")}], "errors": [p("1か所を直してください。", "Please put one field right.")],
        "warning": {"tone": "kohaku", "icon": "merge", "title": p("同じ会社かもしれません", "Perhaps the same company"), "text": p("あけぼの食品㈱(静岡県焼津市)がすでにあります。", "Akebono Foods in Yaizu exists already."), "actions": [{"label": p("開く", "Open"), "href": "company.html", "small": True}]},
        "sections": [
            {"title": p("名前", "Name"), "kind": "kana", "kana_kind": "hira", "fields": [{"name": "name", "label": p("会社名", "Company name"), "kind": "text", "value": p("あけぼの食品", "Akebono Foods"), "required": True, "data": "name"}, {"name": "reading", "label": p("よみ", "Reading"), "kind": "text", "value": "", "data": "reading", "hint": p("漢字を打つと自動で入ります", "Filled as you type")}]},
            {"title": p("連絡先", "Contact"), "kind": "postal", "url": "postal.json", "fields": [{"name": "postal_code", "label": p("郵便番号", "Postal code"), "kind": "text", "value": "42-8601", "error": p("7桁で入力してください。", "Seven digits, please."), "data": "code", "inputmode": "numeric"}, {"name": "prefecture", "label": p("都道府県", "Prefecture"), "kind": "text", "value": "", "data": "prefecture"}, {"name": "city", "label": p("市区町村", "City"), "kind": "text", "value": "", "data": "city"}, {"name": "phone", "label": p("電話", "Phone"), "kind": "tel", "value": "054-000-1000"}]},
            {"title": p("取引", "Business"), "fields": [{"name": "owner", "label": p("自社担当", "Owner"), "kind": "pick", "url": "options.html", "value": 1, "text": PEOPLE[language][0]}, {"name": "state", "label": p("状態", "State"), "kind": "select", "options": [{"value": "prospect", "label": p("見込", "Prospect"), "selected": True}, {"value": "customer", "label": p("顧客", "Customer")}]}, {"name": "limit", "label": p("与信限度額", "Credit limit"), "kind": "money", "value": "10,000,000", "hint": p("税抜。全角でも入力できます", "Without tax")}, {"name": "consent", "label": p("メール配信を許諾", "Agrees to mail"), "kind": "check", "value": True}, {"name": "rank", "label": p("ランク", "Rank"), "kind": "radio", "options": [{"value": "a", "label": "A", "selected": True}, {"value": "b", "label": "B"}]}, {"name": "note", "label": p("備考", "Note"), "kind": "long", "value": ""}]},
        ],
    }  # fmt: skip


def conflict(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "conflict.html", {"title": p("同じ項目が先に変わりました", "Someone saved these fields first"), "back": "record.html", "action": "#", "version": 8, "crumbs": [{"label": p("商談", "Deals"), "href": "board.html"}, {"label": p("食い違い", "Conflict")}], "text": p("田中 健さんが 10:42 に保存しました。残す値を選んでください。", "Ken Tanaka saved at 10:42. Choose which values stay."), "hidden": [("source", "fair")], "fields": [{"name": "amount", "label": p("金額", "Amount"), "mine": "¥8,600,000", "theirs": "¥8,574,400", "mine_value": "8600000", "theirs_value": "8574400"}, {"name": "close_on", "label": p("受注予定日", "Closing"), "mine": "2026/12/25", "theirs": "2027/01/15", "mine_value": "2026-12-25", "theirs_value": "2027-01-15"}]}  # fmt: skip


def search(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    mark = mark_safe
    return "search.html", {
        "title": p("検索", "Search"), "area": "search", "query": p("たかの 0418", "takano 0418"), "action": "search.html", "took": p("4件・0.02秒", "4 in 0.02 s"),
        "hint": p("空白は「両方を含む」。かな・カナ・全角半角は区別せず、電話は数字だけで探せます。", "A space means both. Phones are found by digits alone."),
        "kinds": [{"label": p("すべて", "All"), "href": "?", "count": 4, "current": True}, {"label": p("会社", "Companies"), "href": "?", "count": 1}, {"label": p("担当者", "People"), "href": "?", "count": 3}],
        "parts": [{"title": p("「たかの」と「0418」の両方", "Both “takano” and “0418”"), "note": p("1件", "1"), "groups": [{"label": p("担当者", "People"), "note": "1", "hits": [{"href": "#", "name": p("高野 真由美", "Mayumi Takano"), "title": p("高野 真由美", "Mayumi Takano"), "note": p("品質保証部 部長・あけぼの食品株式会社", "Head of quality, Akebono Foods"), "why": [{"label": p("かな", "Reading"), "html": mark(p("<mark>たかの</mark> まゆみ", "<mark>Takano</mark> Mayumi"))}, {"label": p("携帯", "Mobile"), "html": mark("090-0000-<mark>0418</mark>")}], "date": p("今日", "today"), "current": True}]}]}, {"title": p("どちらか一方", "One of them"), "note": "3", "groups": [{"label": p("会社", "Companies"), "note": "1", "hits": [{"href": "#", "name": p("株式会社タカノ電機", "Takano Electric"), "square": True, "title": p("株式会社タカノ電機", "Takano Electric"), "note": p("電子部品・長野県伊那市", "Parts · Ina"), "why": [{"label": p("かな", "Reading"), "html": mark("<mark>タカノ</mark>デンキ")}], "date": "9/14"}]}]}],
        "hidden_note": p("隠されている項目(与信・原価)は検索していません。", "Hidden fields (credit, cost) were not searched."),
    }  # fmt: skip


def forecast(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    heads = [(p("10月", "Oct"), ""), (p("11月", "Nov"), ""), (p("12月", "Dec"), ""), (p("第3四半期", "Q3"), "q"), (p("1月", "Jan"), "next3"), (p("2月", "Feb"), "next3")]  # fmt: skip
    won, com, best, pipe = (
        [3460, 2380, 0, 5840, 0, 0],
        [0, 928, 552, 1480, 0, 0],
        [0, 920, 1840, 2760, 0, 0],
        [0, 314, 5120, 5434, 1930, 998],
    )
    land, plan = [3460, 3800, 3180, 10440, 390, 150], [3700, 4000, 4300, 12000, 4000, 4000]
    low, high = [3460, 3310, 2240, 9620, 90, 0], [3460, 4240, 4150, 11180, 760, 360]
    top = [8000, 8000, 8000, 16000, 8000, 8000]

    def show(values: list[int]) -> list[Context]:
        return [{"text": f"{v:,}" if v else "—", "kind": h[1]} for v, h in zip(values, heads, strict=True)]

    gap = [
        {"text": f"▲{b - a:,}", "kind": h[1], "tone": "late" if h[0] == heads[2][0] else ""}
        for a, b, h in zip(land, plan, heads, strict=True)
    ]
    return "forecast.html", {
        **_tools(language, "forecast"), "title": p("商談", "Deals"), "area": "forecast", "finding": p("第3四半期は1億440万円の見込み。12月が計画に1,120万円届きません", "Q3 is heading for 104.4M; December is 11.2M short of plan"), "unit": p("万円", "0k"),
        "heads": [{"label": label, "kind": kind} for label, kind in heads], "bar_note": p("棒: 金額\n横線: 計画\n丸と縦線: 着地と\n80%の幅", "bar: amount\nstroke: plan\nring: expected,\n80% range"),
        "bars": [{"kind": heads[i][1], "svg": charts.forecast([("won", won[i]), ("com", com[i]), ("best", best[i]), ("pipe", pipe[i])], top[i], heads[i][0], plan[i], None if i == 0 else (low[i], land[i], high[i]))} for i in range(6)],
        "lines": [{"label": p("確定(受注済)", "Won"), "key": "won", "values": show(won)}, {"label": p("コミット", "Commit"), "key": "com", "values": show(com)}, {"label": p("ベスト", "Best case"), "key": "best", "values": show(best)}, {"label": p("パイプライン", "Pipeline"), "key": "pipe", "values": show(pipe)}, {"label": p("着地の見込み", "Expected"), "kind": "sum", "values": show(land)}, {"label": p("80%の幅", "80% range"), "kind": "range", "values": [{"text": f"{a:,}–{b:,}", "kind": h[1]} for a, b, h in zip(low, high, heads, strict=True)]}, {"label": p("計画", "Plan"), "values": show(plan)}, {"label": p("計画との差", "Gap"), "values": gap}],
        "change": {"title": p("先週から180万円下がりました", "Down 1.8M since last week"), "lines": [{"label": p("先週の着地", "Last week"), "value": "10,620", "href": "#"}, {"label": p("予定日が来期へ", "Moved to next quarter"), "value": "▲248", "tone": "late", "href": "#"}, {"label": p("今の着地", "Now"), "value": "10,440", "href": "#"}], "note": p("80%の幅は過去8四半期のずれから計算しています。", "The range comes from the error of the last eight quarters."), "href": "metric.html", "label": p("この見込みの計算を見る", "How this is calculated")},
        "columns": [{"label": p("商談", "Deal")}, {"label": p("状態", "State")}, {"label": p("次の一手", "Next step")}, {"label": p("最終接触", "Last contact")}, {"label": p("金額", "Amount"), "num": True}, {"label": p("加重", "Weighted"), "num": True}, {"label": p("担当", "Owner")}, {"label": p("業種", "Industry")}, {"label": p("所在地", "Place")}],
        "rows": rows(language, 8, ticks=False),
    }  # fmt: skip


def metric(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    labels = [f"{m}月" if language == "ja" else f"M{m}" for m in range(1, 10)]
    values: list[float | None] = [34, 31, 33, 30, None, 29, 28, 28, 27.4]
    band = [None if v is None else (v - 7, v + 8) for v in values]
    steps = [charts.Step(d, s, max(s - 0.12, 0), min(s + 0.1, 1), 56 - d // 2) for d, s in ((4, 0.9), (8, 0.72), (12, 0.55), (20, 0.4), (31, 0.22))]  # fmt: skip
    return "metric.html", {
        "title": p("成約率", "Win rate"), "area": "metric", "back": "home.html", "crumbs": [{"label": p("指標", "Measures"), "href": "#"}, {"label": p("成約率", "Win rate")}], "value": "27.4", "unit": "%", "n": 117, "interval": p("95%の幅 20.1〜36.1%", "95%: 20.1–36.1%"),
        "sentence": p("今期に決まった117件のうち32件を受注しました。", "32 of the 117 deals closed this quarter were won."), "formula": p("受注 ÷ (受注 + 失注)", "won ÷ (won + lost)"), "formula_note": p("決まった日が期間に入る商談を数えます。", "Counts deals closed within the period."),
        "facts": [{"label": p("期間", "Period"), "text": "2026/10/01–2026/11/20"}, {"label": p("除いたもの", "Left out"), "text": p("重複 3件、社内の試験 1件", "3 duplicates, 1 test")}],
        "figure": {"title": p("6か月で3.0ポイント下がりました", "Down 3.0 points in six months"), "chart": charts.line(labels, values, p("成約率", "Win rate"), band, p("95%の幅", "95% range"), 30, p("目標", "Target"), lambda v: f"{v:.1f}%")},
        "by": [{"title": p("どこで止まるか", "Where deals stop"), "chart": charts.funnel([(p("新規問合せ", "New"), 312), (p("ヒアリング", "Discovery"), 198), (p("提案", "Proposal"), 141), (p("受注", "Won"), 32)], p("件", "deals"), p("次へ", "onward"))}, {"title": p("担当ごと", "By owner"), "chart": charts.hbars([(name, value) for name, value in zip(PEOPLE[language], [38.0, 31, 27, 22, 14], strict=True)], p("成約率", "Win rate"), lambda v: f"{v:.0f}%", worst=4)}, {"title": p("提案にとどまる日数", "Days in Proposal"), "chart": charts.survival(steps, p("残っている割合", "still there"), p("日", "day"), p("対象", "watched"), 12, p("標準 12日", "standard"))}, {"title": p("月ごとの内訳", "By month"), "chart": charts.stacked(labels, [(p("展示会", "Fair"), [3, 4, 2, 5, 3, 4, 4, 2, 3]), (p("紹介", "Referral"), [2, 2, 3, 2, 4, 3, 2, 3, 2]), ("Web", [1, 2, 1, 2, 2, 1, 3, 2, 2])])}],
        "columns": [{"label": p("会社", "Company")}, {"label": p("状態", "State")}, {"label": p("次の一手", "Next step")}, {"label": p("最終接触", "Last contact")}, {"label": p("金額", "Amount"), "num": True}, {"label": p("加重", "Weighted"), "num": True}, {"label": p("担当", "Owner")}, {"label": p("業種", "Industry")}, {"label": p("所在地", "Place")}],
        "rows": rows(language, 4, ticks=False), "pager": {"text": p("117件中 1〜4", "1–4 of 117"), "next": "?page=2"},
    }  # fmt: skip


def _import(language: str, step: int) -> Context:
    p = partial(pick, language)
    names = [p("ファイル", "File"), p("項目の対応", "Columns"), p("試し取込", "Trial"), p("実行", "Run")]
    return {"title": p("取込", "Import"), "area": "import", "back": "list.html", "action": "#", "crumbs": [{"label": p("会社", "Companies"), "href": "list.html"}, {"label": p("取込", "Import")}], "steps": [{"label": name, "state": "done" if at < step else "now" if at == step else "", "href": "import_map.html"} for at, name in enumerate(names)], "file": {"name": "eight_meishi_20261118.csv", "note": p("18列・1,318行・412 KB", "18 columns, 1,318 rows, 412 KB"), "form": p("Eight の名刺データ", "Eight cards"), "form_tag": p("見出し 18/18 一致", "18/18 headers"), "encoding": "cp932", "reason": p("UTF-8 では1行目で不可", "Not UTF-8 from line 1 on")}}  # fmt: skip


def import_upload(language: str) -> tuple[str, Context]:
    return "import_upload.html", {**_import(language, 0), "accepts": ".csv,.xlsx", "fields": [{"name": "noun", "kind": "radio", "label": pick(language, "取り込むもの", "What is in it"), "options": [{"value": "company", "label": pick(language, "会社", "Companies"), "selected": True}, {"value": "person", "label": pick(language, "担当者", "People")}]}], "samples": [{"label": "company.csv", "href": "#"}]}  # fmt: skip


def import_map(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    choice = [
        {"value": "name", "label": p("会社 › 名称", "Company › Name"), "selected": True},
        {"value": "", "label": p("取り込まない", "Leave out")},
    ]
    return "import_map.html", {**_import(language, 1), "columns_note": p("18列中 15列を取込", "15 of 18 columns"), "columns": [{"index": 0, "header": "会社名", "sample": "あけぼの食品㈱", "options": choice, "tone": "key", "verdict": p("照合に使う", "Used to match")}, {"index": 1, "header": "部署名", "sample": "品質保証部", "options": choice, "tone": "ok", "verdict": p("一致", "Known")}, {"index": 2, "header": "TEL部門", "sample": "054-000-1215", "options": choice, "tone": "check", "verdict": p("要確認", "Check"), "note": p("TEL直通と重複", "Twice")}, {"index": 3, "header": "Fax", "sample": "054-000-1201", "options": choice, "tone": "off", "verdict": p("取り込まない", "Left out")}], "options": [{"name": "existing", "kind": "radio", "label": p("すでにある相手", "What exists"), "options": [{"value": "fill", "label": p("空欄だけ埋める", "Fill gaps"), "selected": True}, {"value": "overwrite", "label": p("上書き", "Overwrite")}, {"value": "skip", "label": p("飛ばす", "Skip")}]}]}  # fmt: skip


def import_check(language: str) -> tuple[str, Context]:
    p = partial(pick, language)

    def cell(text: str, head: bool = False) -> Context:
        return {"text": text, "head": head}

    return "import_check.html", {**_import(language, 2), "counts": [{"count": 842, "text": p("新しく作る", "new"), "note": p("会社 611・人 842", "611 companies, 842 people")}, {"count": 391, "text": p("更新する", "changed"), "note": p("空欄 1,027か所を埋める", "1,027 gaps filled")}, {"count": 61, "text": p("変わらない", "same"), "note": p("同じ内容", "nothing to do"), "tone": "mutedn"}, {"count": 24, "text": p("直すと入る", "wrong"), "note": p("19行は候補あり", "19 have an offer"), "tone": "shu"}], "preview": {"head": [{"label": p("行", "Row")}, {"label": p("会社", "Company")}, {"label": p("担当者", "Person")}, {"label": p("結果", "Result")}], "rows": [[cell("1"), cell("あけぼの食品株式会社", True), cell("高野 真由美"), cell(p("更新", "changed"))], [cell("2"), cell("株式会社ゆきむら鋳造", True), cell("雪村 大介"), cell(p("新規", "new"))]]}, "problems": {"count": p("24行", "24 rows"), "more": p("ほか 22行", "22 more"), "export_href": "#", "reasons": [{"label": p("すべて 24", "All 24"), "href": "?", "current": True}, {"label": p("日付 9", "Date 9"), "href": "?"}], "rows": [{"key": "47-postal", "line": p("47行", "row 47"), "field": p("郵便番号", "Postal code"), "who": "株式会社ことぶき化成", "error": p("7桁ではない", "Not seven digits"), "value": "42-8601", "offers": [{"value": "47-postal|0", "label": "420-8601"}], "leave": p("空のまま", "Leave empty")}, {"key": "203-met", "line": p("203行", "row 203"), "field": p("名刺交換日", "Met on"), "who": "株式会社はるか光学", "error": p("2月は28日まで", "February has 28 days"), "value": "2026/02/31", "offers": [{"value": "203-met|0", "label": "2026/02/28"}], "leave": p("空のまま", "Leave empty")}]}, "accept": {"name": "accept", "label": p("候補をまとめて採用 19", "Take all 19 offers")}, "promise": {"strong": p("30日間、1回で元に戻せます。", "One undo for 30 days."), "text": p("新しく作った行は消え、更新した行は取込前の値に戻ります。", "New rows go, changed rows get their old values back.")}, "submit": p("1,233行を取り込む", "Import 1,233 rows")}  # fmt: skip


def import_run(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "import_run.html", {**_import(language, 3), "progress_url": "", "run": {"title": p("取り込んでいます", "Importing"), "note": p("画面を閉じても続きます", "Goes on when you leave"), "done": "812", "total": p("1,233行", "1,233 rows"), "value": 812, "max": 1233, "percent_label": "66%", "figures": [{"label": p("新規", "New"), "value": 553}, {"label": p("更新", "Changed"), "value": 259}, {"label": p("エラー", "Errors"), "value": 0}, {"label": p("残り", "Left"), "value": 10, "unit": p("秒", "s")}], "state": "run"}, "stop": {"href": "#", "label": p("止めて元に戻す", "Stop and undo")}, "promise": {"strong": p("30日間、1回で元に戻せます。", "One undo for 30 days."), "text": ""}}  # fmt: skip


def settings(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    mark = mark_safe
    level = {"all": p("全社", "All"), "team": p("チーム", "Team"), "own": p("自分", "Own"), "": p("なし", "None")}
    verbs = [p("見る", "See"), p("作成", "Create"), p("編集", "Edit"), p("削除", "Delete"), p("書き出し", "Export")]
    matrix = "".join(f'<tr><th scope="row">{noun}</th>' + "".join(f'<td><span class="lv {each}">{level[each]}</span></td>' for each in levels) + "</tr>" for noun, levels in ((p("会社", "Companies"), ["all", "all", "own", "own", "own"]), (p("担当者", "People"), ["all", "all", "team", "own", "own"]), (p("商談", "Deals"), ["team", "all", "own", "", "own"])))  # fmt: skip
    return "settings.html", {
        "title": p("メンバーと権限", "Members and access"), "area": "settings", "back": "home.html", "actions": [{"label": p("招待する", "Invite"), "icon": "assign", "kind": "pri", "href": "dialog.html", "sheet": True}],
        "settings_nav": [{"label": p("自分", "Me"), "items": [{"label": p("プロフィール", "Profile"), "href": "#"}, {"label": p("2段階認証", "Two steps"), "href": "#"}]}, {"label": p("会社", "Firm"), "items": [{"label": p("会社・年度", "Firm and year"), "href": "#"}, {"label": p("メンバーと権限", "Members and access"), "href": "#", "current": True}, {"label": p("パイプライン", "Pipelines"), "href": "#"}]}, {"label": p("管理", "Admin"), "items": [{"label": p("APIキー", "API keys"), "href": "#"}, {"label": p("監査の記録", "Audit log"), "href": "#"}]}],
        "sections": [
            {"title": p("営業1課は5人", "Team 1 has five members"), "table": {"head": [{"label": p("氏名", "Name")}, {"label": p("役割", "Role")}, {"label": p("最終利用", "Last seen"), "num": True}], "rows": [{"cells": mark(f'<th scope="row">{parts.who(name)}</th><td>{parts.tag(p("営業", "Sales"))}</td><td class="num">14:52</td>')} for name in PEOPLE[language]]}},
            {"title": p("役割ごとにできること", "What each role may do"), "html": mark(f'<div class="axs" tabindex="0" role="region" aria-label="matrix"><table class="acx"><thead><tr><td></td>{"".join(f"<th scope=col>{v}</th>" for v in verbs)}</tr></thead><tbody>{matrix}</tbody></table></div>')},
            {"title": p("会社・年度", "Firm and year"), "note": p("年度の始まりは集計のすべてに効きます", "All figures follow the fiscal year"), "form": {"action": "#", "submit": p("保存", "Save"), "fields": [{"name": "firm", "label": p("会社名", "Firm"), "kind": "text", "value": p("青葉計測株式会社", "Aoba Instruments")}, {"name": "month", "label": p("年度の始まり", "Year starts in"), "kind": "select", "options": [{"value": 4, "label": p("4月", "April"), "selected": True}]}]}},
        ],
    }  # fmt: skip


def dialog(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "ui/dialog.html", {"dialog": {"title": p("失注にする", "Lose this deal"), "note": p("860万円・ヒアリング", "8.6M · Discovery"), "action": "#", "danger": True, "submit": p("失注を確定", "Lose"), "fields": [{"name": "reason", "kind": "radio", "label": p("主な理由", "Main reason"), "required": True, "options": [{"value": "price", "label": p("価格", "Price"), "selected": True}, {"value": "rival", "label": p("競合の実績", "Rival")}, {"value": "budget", "label": p("予算・時期", "Budget")}]}, {"name": "note", "kind": "long", "label": p("次に活かすこと", "What we learn"), "value": ""}], "checks": [p("次の一手1件は閉じます", "One next step will be closed")], "promise": {"strong": p("30日間は元に戻せます。", "Can be undone for 30 days."), "text": ""}}}  # fmt: skip


def filter_fields(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "ui/filter.html", {"filter": {"title": p("条件を追加", "Add filter"), "fields": [{"label": p("担当", "Owner"), "href": "filter_value.html", "icon": "person"}, {"label": p("状態", "State"), "href": "filter_value.html", "icon": "tag"}]}}  # fmt: skip


def filter_value(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "ui/filter.html", {"filter": {"title": p("条件を追加", "Add filter"), "field_label": p("状態", "State"), "action": "list.html", "keep": [("view", "mine")], "operators": {"name": "op", "kind": "select", "label": p("条件", "Condition"), "options": [{"value": "any", "label": p("が次のいずれか", "is any of")}]}, "value": {"name": "state", "kind": "select", "label": p("値", "Value"), "options": [{"value": "key", "label": p("優良", "Key")}]}, "submit": p("絞り込む", "Apply"), "back_href": "filter_fields.html"}}  # fmt: skip


def columns(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "ui/columns.html", {"chooser": {"title": p("列", "Columns"), "action": "list.html", "keep": [], "items": [{"name": "name", "label": p("会社名", "Company"), "shown": True, "fixed": True}, {"name": "state", "label": p("状態", "State"), "shown": True}, {"name": "place", "label": p("所在地", "Place"), "shown": False}], "submit": p("適用", "Apply")}}  # fmt: skip


def palette(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "palette.html", {"groups": [{"label": p("見つかったもの", "Found"), "options": [{"href": "company.html", "icon": "company", "html": mark_safe(p("<mark>あけ</mark>ぼの食品株式会社", "<mark>Ake</mark>bono Foods")), "note": p("会社・静岡県焼津市", "Company, Yaizu")}, {"href": "record.html", "icon": "deal", "html": p("第3工場 温湿度監視システム", "Plant 3 climate monitoring"), "note": p("商談・ヒアリング", "Deal, Discovery")}]}, {"label": p("操作", "Actions"), "options": [{"href": "form.html", "icon": "plus", "html": p("商談を作成する", "Create a deal"), "shortcut": ["C"]}]}]}  # fmt: skip


def edit(language: str) -> tuple[str, Context]:
    return "ui/edit.html", {"action": "edit.html", "version": 3, "field": {"name": "next", "kind": "text", "label": pick(language, "次の一手", "Next step"), "value": "11/24"}}  # fmt: skip


def options(language: str) -> tuple[str, Context]:
    return "ui/options.html", {"options": [{"value": at, "label": name} for at, name in enumerate(PEOPLE[language])]}


def login(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "login.html", {"title": p("ログイン", "Log in"), "firm": p("青葉計測株式会社", "Aoba Instruments"), "host": "aoba.example", "email": "sato@aoba.example", "error": p("メールアドレスかパスワードが違います。あと4回で15分止まります。", "Wrong e-mail or password. Four more tries, then a pause of 15 minutes."), "forgot_href": "#", "help": p("入れないときは管理者の中村 直子へ", "If you cannot get in, ask Naoko Nakamura"), "language_url": "#", "languages": frame(language)["shell"]["languages"], "keep": True}  # fmt: skip


def login_code(language: str) -> tuple[str, Context]:
    return "login_code.html", {"title": pick(language, "確認コード", "One-time code"), "firm": "", "email": "sato@aoba.example", "recovery_href": "#", "other_href": "login.html"}  # fmt: skip


def error(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    return "error.html", {"title": "404", "firm": "", "status": 404, "heading": p("見つかりません", "Not found"), "text": p("消されたか、見る権限がありません。", "It was removed, or you may not see it."), "actions": [{"label": p("ホームへ", "Home"), "href": "home.html", "primary": True}], "reference": "01JD3X"}  # fmt: skip


def empty(language: str) -> tuple[str, Context]:
    p = partial(pick, language)
    template, context = listing(language)
    return template, {**context, "rows": [], "bulk": None, "chips": [], "empty": {"icon": "company", "title": p("まだ会社がありません", "No companies yet"), "text": p("名刺や表計算の一覧を取り込むと、会社と担当者がまとめて作られます。", "Import cards or a spreadsheet and companies and people are made together."), "actions": [{"label": p("取り込む", "Import"), "href": "import_upload.html", "kind": "pri", "icon": "upload"}]}}  # fmt: skip


SCREENS: dict[str, Callable[[str], tuple[str, Context]]] = {
    "home": home, "list": listing, "empty": empty, "board": board, "record": record, "company": company, "form": form, "conflict": conflict,
    "search": search, "forecast": forecast, "metric": metric, "import_upload": import_upload, "import_map": import_map, "import_check": import_check,
    "import_run": import_run, "settings": settings, "login": login, "login_code": login_code, "error": error,
    "dialog": dialog, "filter_fields": filter_fields, "filter_value": filter_value, "columns": columns, "palette": palette, "edit": edit, "options": options,
}  # fmt: skip
