"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GiftCardsConfig(AppConfig):
    """Registers `giftcards`."""

    name = "hutong.pay.giftcards"
    label = "giftcards"
    verbose_name = _("Gift cards")
    default_auto_field = "django.db.models.BigAutoField"
