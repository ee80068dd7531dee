"""Registers the loyalty app with Django."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    """Loyalty as a Django app."""

    name = "hutong.know.loyalty"
    label = "loyalty"
    default_auto_field = "django.db.models.BigAutoField"
