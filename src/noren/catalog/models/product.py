"""What we sell, and at which price to whom."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from noren.core.base.fields import LongText, MoneyField, Text
from noren.core.base.model import Model, Reach, external_id_rule
from noren.core.base.search import SearchEntry, said_column, search_index


class Product(Model):
    """`list_price` is net of tax, in minor units; `cost` is for the margin and hidden from most roles."""

    TAXES = (
        ("10", _("10%")),
        ("8R", _("8% reduced")),
        ("exempt", _("Exempt")),
        ("export0", _("Export 0%")),
        ("out", _("Outside tax")),
    )

    name = Text(_("Product"), max_length=200)
    code = Text(_("Code"), max_length=60, blank=True)
    family = Text(_("Family"), max_length=80, blank=True)
    list_price = MoneyField(_("List price"), null=True, blank=True)
    cost = MoneyField(_("Cost"), null=True, blank=True)
    unit = Text(_("Unit"), max_length=20, blank=True)
    tax_class = models.CharField(_("Tax"), max_length=8, choices=TAXES, default="10", db_default="10")
    is_sold = models.BooleanField(_("On sale"), default=True, db_default=True)
    note = LongText(_("Note"), blank=True)
    said = said_column()

    reach = Reach(open_to_all=True)
    searched = ("name", "code", "family", "external_id")

    class Meta(Model.Meta):
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["name"]
        constraints = [
            external_id_rule("product"),
            models.UniqueConstraint(fields=["code"], condition=~models.Q(code=""), name="product_code"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class ProductSearch(SearchEntry):
    row = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="search_entry")

    class Meta:
        indexes = [search_index("product_grams")]


class PriceList(Model):
    """Prices for a group of customers or a time."""

    name = Text(_("Name"), max_length=120)
    valid_from = models.DateField(_("From"), null=True, blank=True)
    valid_to = models.DateField(_("To"), null=True, blank=True)

    reach = Reach(open_to_all=True)

    class Meta(Model.Meta):
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        ordering = ["name"]

    def __str__(self) -> str:
        return str(self.name)


class Price(Model):
    """The price of one product in one list, from a quantity on."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices", verbose_name=_("Price list"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="prices", verbose_name=_("Product"))
    from_quantity = models.DecimalField(_("From quantity"), max_digits=12, decimal_places=3, default=1)
    amount = MoneyField(_("Price"))

    reach = Reach(open_to_all=True)

    class Meta(Model.Meta):
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [models.UniqueConstraint(fields=["price_list", "product", "from_quantity"], name="price_once")]

    def __str__(self) -> str:
        return f"{self.price_list} · {self.product}"
