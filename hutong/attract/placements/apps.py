from django.apps import AppConfig


class PlacementsConfig(AppConfig):
    """Placements, as Django knows them."""

    name = "hutong.attract.placements"
    label = "placements"
    default_auto_field = "django.db.models.BigAutoField"
