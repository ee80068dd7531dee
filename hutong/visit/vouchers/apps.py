"""Registers the vouchers app with Django."""

from django.apps import AppConfig


class VouchersConfig(AppConfig):
    """Vouchers as a Django app."""

    name = "hutong.visit.vouchers"
    label = "vouchers"
    default_auto_field = "django.db.models.BigAutoField"
