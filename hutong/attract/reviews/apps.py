from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Reviews as a Django app."""

    name = "hutong.attract.reviews"
    label = "reviews"
    default_auto_field = "django.db.models.BigAutoField"
