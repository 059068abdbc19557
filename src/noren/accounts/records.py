"""How users, teams and roles are shown and edited. Log-in data never passes through here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.accounts.models import ApiKey, User
from noren.core.access.models import Role, Team
from noren.core.record.declare import Facts, Record, Related, Row, Section


class Users(Record):
    model = User
    known_by = "external_id", "email", "name"
    columns = "name", "email", "team", "reports_to", "is_active", "joined_on"
    filters = "name", "email", "team", "reports_to", "is_active", "joined_on", "external_id"
    form = (
        Section(
            _("User"),
            Row("name", "name_kana"),
            "email",
            Row("team", "reports_to"),
            "joined_on",
            "external_id",
        ),
    )
    panels = (Facts("name_kana", "email", "team", "reports_to", "is_active", "joined_on"),)
    compact = "name", "email", "team"
    read_only = ("is_active",)  # access and roles have doors of their own (actions/people.py)
    reading = "name_kana"
    keys = (("external_id",), ("email",), ("name",))
    arrives, made_by_name, one_by_one = 6, True, True
    headers = {
        "full_name": (
            "社員名 氏名 名前 担当者名 営業担当者 営業担当 ユーザー名 ユーザ名 salesagent salesrep salesperson agent name fullname"
            " username employeename 表示名 displayname"
        ),
        "external_id": "社員番号 社員コード 社員ID 従業員番号 employeeid employeenumber userid",
        "joined_on": "入社日 入社年月日 hiredate joindate startdate",
        "email": "メールアドレス メール email emailaddress ログインID userprincipalname",
        "team": "チーム 部署 部署名 所属 所属部署 拠点 営業所 支店 team regionaloffice office branch department salesteam",
        "reports_to": "上司 上長 マネージャー マネージャ 直属上司 manager supervisor reportsto teamlead",
    }
    sort = "name"
    icon = "users"


class Teams(Record):
    model = Team
    known_by = "external_id", "name"
    columns = "name", "parent"
    filters = "name", "parent"
    form = (Row("name", "parent"), "external_id")
    panels = (Related("accounts.user", "team", title=_("Users"), columns=("name", "reports_to")),)
    keys = (("external_id",), ("name",))
    arrives, made_by_name, one_by_one = 7, True, True
    sort = "name"
    icon = "team"


class Roles(Record):
    model = Role
    known_by = ("name",)
    columns = "name", "is_admin"
    filters = ("name",)
    form = ("name",)
    keys = (("name",),)
    arrives, one_by_one = 0, True
    sort = "name"
    icon = "shield"


class ApiKeys(Record):
    model = ApiKey
    columns = "name", "user", "start", "scope", "expires_on", "last_used_at", "revoked_at"
    filters = "name", "user", "scope"
    pages = False
