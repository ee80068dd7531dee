"""Pages count looks: a person's, once, on the day of the shop, and without a statement."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from hutong.flows import count_step
from hutong.know.insight import services as insight
from hutong.know.insight.models import StepCount
from hutong.town.catalog.queries import offer_by_ref
from tests.factories import catalog
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture(autouse=True)
def _nothing_waits() -> None:
    insight.flush()
    StepCount.objects.all().delete()


def counted() -> dict[tuple[str, str], int]:
    """What is written, by offer and step."""
    insight.flush()
    return {(one.offer_ref, one.step): one.number for one in StepCount.objects.all()}


def test_pages_count_people() -> None:
    here = shop()
    ref, shopper = here.scene.offer.public_id, visitor(here.scene.shopper)
    for _time in range(2):
        assert Client().get(f"/deal/{ref}/", headers=FIREFOX).status_code == 200
    Client().get(f"/deal/{ref}/", headers={"User-Agent": "Googlebot/2.1"})
    Client().get("/deal/off_nothing/", headers=FIREFOX)
    address = f"/deal/{ref}/buy/"
    assert shopper.get(address, headers=FIREFOX).status_code == 200
    again = shopper.get(f"{address}?quantity=2", headers={**FIREFOX, "HX-Request": "true"})
    assert again.status_code == 200
    assert counted() == {(ref, "seen"): 2, (ref, "checkout"): 1}


def test_the_day_is_the_shops() -> None:
    offer = offer_by_ref(catalog.offer().public_id)
    assert offer is not None
    late = datetime(2026, 6, 1, 21, 30, tzinfo=UTC)  # half past midnight in Helsinki
    count_step.seen(offer=offer, agent=FIREFOX["User-Agent"], at=late)
    insight.flush()
    assert StepCount.objects.get().day == date(2026, 6, 2)
