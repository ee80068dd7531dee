"""Each provider in turn as the only one at checkout, and a shop that sells in its currency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hutong.kernel import clock
from hutong.town.catalog.models import Offer
from hutong.town.regions.models import Region
from tests.factories.loop import Scene, scene
from tests.fakes.providers.each import Each, every_simulator, of_sandbox, offered
from tests.fakes.sandbox import Sandbox


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, Each]]:
    with every_simulator() as made:
        yield made


@pytest.fixture(params=["sandbox", "stripe", "wechat", "alipay"])
def each(
    request: pytest.FixtureRequest,
    simulators: dict[str, Each],
    sandbox: Sandbox,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Each:
    """The provider under test."""
    found = of_sandbox(sandbox) if request.param == "sandbox" else simulators[request.param]
    offered(found, settings, monkeypatch)
    return found


@pytest.fixture
def shop(each: Each) -> Scene:
    """A shop that has plenty of one thing; its clock is the provider's."""
    made = scene(at=clock.now(), capacity=1_000_000)
    Region.objects.update(currency=each.unit)
    Offer.objects.update(unit=each.unit)
    return made
