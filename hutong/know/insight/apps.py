"""Registers the insight app with Django."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """Insight as a Django app."""

    name = "hutong.know.insight"
    label = "insight"
    default_auto_field = "django.db.models.BigAutoField"
