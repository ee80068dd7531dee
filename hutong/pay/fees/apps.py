"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeesConfig(AppConfig):
    """Registers `fees`."""

    name = "hutong.pay.fees"
    label = "fees"
    verbose_name = _("Fees")
    default_auto_field = "django.db.models.BigAutoField"
