"""Races run at each provider, too: the same providers as in the tests of faults."""

from tests.faults.conftest import each, shop, simulators

__all__ = ["each", "shop", "simulators"]
