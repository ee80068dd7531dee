from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """The catalog as a Django app."""

    name = "hutong.town.catalog"
    label = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
