"""The Django app that brings the template tags."""

from django.apps import AppConfig


class ShellConfig(AppConfig):
    """Registers `{% load hutong %}`."""

    name = "hutong.web.shell"
    label = "shell"
