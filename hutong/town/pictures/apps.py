from django.apps import AppConfig


class PicturesConfig(AppConfig):
    """Pictures, as Django knows them."""

    name = "hutong.town.pictures"
    label = "pictures"
    default_auto_field = "django.db.models.BigAutoField"
