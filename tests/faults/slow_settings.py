"""The settings with an app whose migrations are slow, for the test that kills them."""

from hutong.config.settings import *  # noqa: F403
from hutong.config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.slow_migrations"]
