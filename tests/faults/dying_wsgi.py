"""The web process as it always is, but for one moment at which it dies; see failpoints.py."""

import importlib

from hutong.config.wsgi import application
from tests.faults.failpoints import arm_from_environment

__all__ = ["application"]

importlib.import_module("hutong.config.urls")  # whatever answers is loaded before the trap is set
arm_from_environment()
