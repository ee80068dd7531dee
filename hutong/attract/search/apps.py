from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Search as a Django app."""

    name = "hutong.attract.search"
    label = "search"
    default_auto_field = "django.db.models.BigAutoField"
