"""The API reads the clock itself, so what its tests prepare has to lie at the present."""

from __future__ import annotations

from datetime import datetime

import pytest

from hutong.kernel import clock


@pytest.fixture
def at() -> datetime:
    """Now, instead of the fixed moment of other tests."""
    return clock.now()
