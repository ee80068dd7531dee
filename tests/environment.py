"""Puts the environment into test mode. Loaded by `-p` in pyproject.toml, before Django reads its settings."""

import os
from pathlib import Path

os.environ["HUTONG_MODE"] = "test"
os.environ.setdefault("HUTONG_HOME", str(Path(__file__).parent.parent / "var" / "test"))
# Many visitors stand behind one address here; the tests of the limits set their own.
os.environ["HUTONG_ADDRESS_LIMIT"] = os.environ["HUTONG_ACTOR_LIMIT"] = "1000000"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.config.settings")
