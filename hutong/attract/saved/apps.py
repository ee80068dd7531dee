from django.apps import AppConfig


class SavedConfig(AppConfig):
    """Saved, as Django knows it."""

    name = "hutong.attract.saved"
    label = "saved"
    default_auto_field = "django.db.models.BigAutoField"
