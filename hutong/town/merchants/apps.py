from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    """Merchants, as Django knows them."""

    name = "hutong.town.merchants"
    label = "merchants"
    default_auto_field = "django.db.models.BigAutoField"
