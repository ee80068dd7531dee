"""Paid placements as the operator makes them: found by name, placed, seen with their counts, paused and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from hutong.attract.placements import queries, services
from hutong.flows import index_search
from hutong.kernel import clock
from hutong.town.merchants.models import Store
from tests.factories import merchants, people, regions
from tests.web.visitors import visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Store:
    region = regions.region(slug="helsinki")
    made = merchants.listing(region=region, name="Kahvila Kulma")
    index_search.index_region(region.public_id, clock.now())
    return made


@pytest.fixture
def operator() -> Client:
    return visitor(people.operator())


def form(shop: Store, **other: str) -> dict[str, str]:
    today = clock.local(clock.now(), "Europe/Helsinki").date()
    last = today + timedelta(days=6)
    return {
        "subject": shop.public_id, "category": "", "views_a_day": "50",
        "first_on": today.isoformat(), "last_on": last.isoformat(), **other,
    }  # fmt: skip


def test_from_a_name_to_the_end(operator: Client, shop: Store) -> None:
    assert "Nobody paid for a position yet" in operator.get("/operator/site/placements/").content.decode()
    found = operator.get("/operator/site/placements/new/?q=kulma").content.decode()
    assert f"?subject={shop.public_id}" in found
    assert "Nothing found" in operator.get("/operator/site/placements/new/?q=zzzz").content.decode()
    assert (
        "Kahvila Kulma"
        in operator.get(f"/operator/site/placements/new/?subject={shop.public_id}").content.decode()
    )
    answer = operator.post("/operator/site/placements/new/", form(shop))
    assert answer["Location"] == "/operator/site/placements/"
    (made,) = queries.placements(at=clock.now())
    assert made.shown
    services.count_views(placement_refs=[made.ref] * 3, at=clock.now())
    services.count_click(placement_ref=made.ref, at=clock.now())
    services.flush()
    page = operator.get("/operator/site/placements/").content.decode()
    assert "3 views · 1 clicks" in page
    assert "Shown now" in page
    url = f"/operator/site/placements/{made.ref}/"
    for wanted, words in (("pause", "Paused"), ("resume", "Shown now"), ("end", "Ended")):
        assert operator.post(f"{url}move/", {"do": wanted})["Location"] == url
        assert words in operator.get(url).content.decode()
    operator.post(f"{url}move/", {"do": "resume"})
    assert "not possible any more" in operator.get(url).content.decode()
    assert operator.post(f"{url}move/", {"do": "delete"}).status_code == 404
    assert operator.get("/operator/site/placements/plc_none/").status_code == 404
    log = operator.get("/operator/audit/").content.decode()
    assert "Paid placement made" in log
    assert "Kahvila Kulma" in log


@pytest.mark.parametrize(
    "wrong",
    [
        {"views_a_day": "0"}, {"views_a_day": "many"}, {"last_on": "2020-01-01"}, {"first_on": "tomorrow"},
        {"category": "no-such"}, {"subject": "sto_none"}, {"subject": ""},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_and_nothing_is_placed(
    operator: Client, shop: Store, wrong: dict[str, str]
) -> None:
    answer = operator.post("/operator/site/placements/new/", form(shop, **wrong))
    assert answer.status_code == 422
    assert queries.placements(at=clock.now()) == []
