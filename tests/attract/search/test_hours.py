"""Hours that stores share: when they are open in the days around now, known in time, gone when nobody has them."""

from datetime import datetime, timedelta

import pytest

from hutong.attract.search import services
from hutong.attract.search.models import SearchHours, SearchStore
from hutong.attract.search.services.hours import KNOWN_AFTER, Timed
from hutong.kernel.rows import scalar
from hutong.town.merchants.models import Store
from hutong.town.merchants.rules import open_state
from tests.factories import merchants

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def indexed(*stores: Store, at: datetime) -> None:
    services.index_stores(store_refs=[store.public_id for store in stores], at=at)


def with_hours(hours: str) -> Store:
    store = merchants.store()
    Store.objects.filter(pk=store.pk).update(opening_hours=hours)
    store.refresh_from_db()
    return store


@pytest.mark.parametrize(
    "hours",
    [
        "Mo-Su 08:00-20:00",
        "Mo-Fr 18:00-03:00; Su 12:00-14:00",
        "24/7",
        "sunrise-sunset",
        "Mo-Su 10:00-18:00; PH off",
        "off",
    ],
)
def test_open_moments_are_what_the_rule_says(hours: str, at: datetime) -> None:
    store = with_hours(hours)
    indexed(store, at=at)
    asked = [at + timedelta(hours=1.37 * step) for step in range(-16, 140)]
    for moment in asked:
        found = scalar(
            "SELECT h.open @> %s::timestamptz FROM search_searchstore s JOIN search_searchhours h ON h.id = s.hours_id",
            [moment],
        )
        expected = open_state(hours, zone=store.region.zone, at=moment, lon=store.lon, lat=store.lat).open
        assert found is bool(expected), moment


def test_stores_share_hours_and_unreadable_ones_are_unknown(at: datetime) -> None:
    stores = [
        with_hours("Mo-Su 08:00-20:00"),
        with_hours("Mo-Su 08:00-20:00"),
        with_hours("when we feel like it"),
        with_hours(""),
    ]
    indexed(*stores, at=at)
    ids = list(SearchStore.objects.order_by("pk").values_list("hours_id", flat=True))
    assert ids[0] == ids[1] is not None
    assert ids[2:] == [None, None]
    assert SearchHours.objects.count() == 1


def test_only_what_depends_on_the_place_is_kept_for_each_place() -> None:
    assert Timed("Europe/Helsinki", "Mo-Su 08:00-20:00", 24.94, 60.17).around == ""
    assert Timed("Europe/Helsinki", "sunrise-20:00", 24.94, 60.17).around == "24.9,60.2"
    assert Timed("Europe/Helsinki", "Mo-Su 08:00-20:00; PH off", -179.96, -84.96).around == "-180.0,-85.0"


def test_hours_are_known_for_the_days_to_come_and_made_again_in_time(at: datetime) -> None:
    indexed(with_hours("Mo-Su 08:00-20:00"), at=at)
    assert SearchHours.objects.get().known_until == at + KNOWN_AFTER
    assert services.renew_hours(at=at + DAY / 2, limit=10) == 0
    assert services.renew_hours(at=at + 5 * DAY, limit=10) == 1
    assert services.renew_hours(at=at + 5 * DAY, limit=10) == 0
    later = at + 13 * DAY
    assert scalar(
        "SELECT upper(range_agg) > %s FROM (SELECT h.open AS range_agg FROM search_searchhours h) x", [later]
    )


def test_hours_that_nobody_has_go(at: datetime) -> None:
    kept, changed = with_hours("Mo-Su 08:00-20:00"), with_hours("Mo-Su 09:00-21:00")
    indexed(kept, changed, at=at)
    Store.objects.filter(pk=changed.pk).update(opening_hours="")
    indexed(changed, at=at)
    assert services.prune_hours() == 1
    assert [row.hours for row in SearchHours.objects.all()] == ["Mo-Su 08:00-20:00"]
