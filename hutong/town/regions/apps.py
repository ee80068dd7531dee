from django.apps import AppConfig


class RegionsConfig(AppConfig):
    """Regions, as Django knows them."""

    name = "hutong.town.regions"
    label = "regions"
    default_auto_field = "django.db.models.BigAutoField"
