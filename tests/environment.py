"""Puts the environment into test mode. Loaded by `-p` in pyproject.toml, before Django reads its settings."""

import os
from pathlib import Path

os.environ["HUTONG_MODE"] = "test"
os.environ.setdefault("HUTONG_HOME", str(Path(__file__).parent.parent / "var" / "test"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
