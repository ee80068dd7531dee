from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Notifications, as Django knows them."""

    name = "hutong.town.notifications"
    label = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
