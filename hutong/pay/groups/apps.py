"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GroupsConfig(AppConfig):
    """Registers `groups`."""

    name = "hutong.pay.groups"
    label = "groups"
    verbose_name = _("Groups")
    default_auto_field = "django.db.models.BigAutoField"
