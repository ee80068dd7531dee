"""Registers the stock app with Django."""

from django.apps import AppConfig


class StockConfig(AppConfig):
    """Stock as a Django app."""

    name = "hutong.visit.stock"
    label = "stock"
    default_auto_field = "django.db.models.BigAutoField"
