from django.apps import AppConfig


class ContentsConfig(AppConfig):
    """Contents, as Django knows them."""

    name = "hutong.town.contents"
    label = "contents"
    default_auto_field = "django.db.models.BigAutoField"
