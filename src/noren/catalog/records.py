"""How products and prices are shown and edited."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from noren.catalog.models import Price, PriceList, Product
from noren.core.record.declare import Facts, Record, Related, Row, Section


class Products(Record):
    model = Product
    known_by = "external_id", "code", "name"
    columns = "name", "code", "family", "list_price", "unit", "tax_class", "is_sold", "updated_at"
    filters = "name", "code", "family", "list_price", "tax_class", "is_sold", "created_at", "updated_at", "external_id"
    form = (
        Section(
            _("Product"),
            Row("name", "code"),
            Row("family", "unit"),
            Row("list_price", "cost", "tax_class"),
            "is_sold",
        ),
        Section(_("More"), "note", "external_id", folded=True),
    )
    read_only = ("created_at", "updated_at")
    panels = (
        Facts("code", "family", "list_price", "cost", "unit", "tax_class", "is_sold"),
        Related("catalog.price", "product", title=_("Prices"), columns=("price_list", "from_quantity", "amount")),
    )
    compact = "name", "code", "family", "list_price"
    groups = {"cost": "money"}
    keys = (("external_id",), ("code",), ("name",))
    arrives = 4
    meanings = {
        "tax_class": {
            "10": "標準,標準税率,課税,課税10%,課税売上10%,0.1",
            "8R": "軽減,軽減8%,軽減税率,軽減税率8%,8%(軽減),8%軽減,課税8%(軽減)",
            "exempt": "非課税",
            "export0": "免税,輸出免税",
            "out": "対象外,不課税",
        },
    }
    headers = {
        "code": "商品コード 品目コード 製品コード 型番 品番 SKU productcode code itemcode productid variantsku 商品番号",
        "name": "商品名 製品名 品名 品目 品目名 サービス名 商品 製品 product productname item itemname name title producttitle",
        "family": "商品ファミリ 商品分類 カテゴリ カテゴリー 分類 シリーズ series category productfamily family productline productcategory",
        "list_price": "単価 価格 定価 標準価格 販売価格 販売単価 salesprice price unitprice listprice variantprice",
        "unit": "単位 unit uom",
        "tax_class": "税区分 消費税率 税率 品目消費税率 課税区分 taxclass taxrate tax",
    }
    sort = "name"
    icon = "box"
    nav = ("commerce", 60)


class PriceLists(Record):
    model = PriceList
    known_by = ("name",)
    columns = "name", "valid_from", "valid_to"
    filters = "name", "valid_from", "valid_to"
    form = ("name", Row("valid_from", "valid_to"))
    panels = (
        Related("catalog.price", "price_list", title=_("Prices"), columns=("product", "from_quantity", "amount")),
    )
    keys = (("name",),)
    sort = "name"
    icon = "list"
    nav = ("commerce", 61)


class Prices(Record):
    model = Price
    columns = "price_list", "product", "from_quantity", "amount"
    filters = "price_list", "product"
    form = (Row("price_list", "product"), Row("from_quantity", "amount"))
    keys = (("price_list", "product", "from_quantity"),)
    pages = False
