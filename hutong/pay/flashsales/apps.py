"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FlashSalesConfig(AppConfig):
    """Registers `flashsales`."""

    name = "hutong.pay.flashsales"
    label = "flashsales"
    verbose_name = _("Flash sales")
    default_auto_field = "django.db.models.BigAutoField"
