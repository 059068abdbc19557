from noren.catalog.models.product import Price, PriceList, Product, ProductSearch

__all__ = ["Price", "PriceList", "Product", "ProductSearch"]
