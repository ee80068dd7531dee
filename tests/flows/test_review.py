"""What an operator is told to look at twice, and what a deal says differently since the last word on it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hutong.flows.review import Doubt, changes_since_decision, doubts
from hutong.kernel import audit
from hutong.kernel.money import Money
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.catalog.types import Include, OfferState, OfferView
from tests.factories import catalog

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal() -> OfferView:
    """A deal about which there is no doubt."""
    found = offer_by_ref(catalog.offer().public_id)
    assert found is not None
    parts = (Include({"en": "Coffee"}, 2, Money(1000, "EUR")), Include({"en": "Cake"}, 2, Money(700, "EUR")))
    return replace(found, titles={"en": "Coffee and cake", "zh-Hans": "咖啡和蛋糕"}, includes=parts)


def of(deal: OfferView, others: list[OfferView], at: datetime) -> list[Doubt]:
    return [finding.doubt for finding in doubts(deal, others, at=at)]


def test_a_deal_without_doubt(deal: OfferView, at: datetime) -> None:
    assert of(deal, [deal], at) == []


def test_each_doubt_has_its_cause(deal: OfferView, at: datetime) -> None:
    cheap = replace(deal, price=Money(1000, "EUR"))
    assert of(cheap, [], at) == [Doubt.DEEP_DISCOUNT]
    assert doubts(cheap, [], at=at)[0].percent == 70
    assert of(replace(deal, price=Money(1021, "EUR")), [], at) == []
    assert of(replace(deal, includes=deal.includes[:1]), [], at) == [Doubt.VALUES_DIFFER]
    # a part without a value: nothing can be said
    assert of(replace(deal, includes=(Include({"en": "Tea"}, 1, None),)), [], at) == []
    assert of(replace(deal, descriptions={"en": " "}), [], at) == [Doubt.NO_TEXT]
    assert of(replace(deal, titles={"en": "Coffee", "zh-Hans": ""}), [], at) == [Doubt.ONE_LANGUAGE]
    assert of(replace(deal, ends_at=at), [], at) == [Doubt.OVER]
    assert of(replace(deal, ends_at=at + timedelta(minutes=1)), [], at) == []


def test_doubts_beside_the_merchants_other_deals(deal: OfferView, at: datetime) -> None:
    other = replace(deal, ref="off_other", titles={"en": "COFFEE and cake"}, state=OfferState.REJECTED)
    assert of(deal, [other], at) == []
    assert of(deal, [replace(other, state=OfferState.LIVE)], at) == [Doubt.SAME_DEAL]
    assert of(deal, [replace(other, list_price=Money(3399, "EUR"))], at) == [Doubt.LIST_PRICE_RAISED]
    assert of(deal, [replace(other, list_price=Money(3399, "JPY"))], at) == []
    assert of(deal, [replace(other, titles={"en": "Tea"}, state=OfferState.LIVE)], at) == []


def test_the_difference_is_from_the_last_word_to_now(at: datetime) -> None:
    def record(field: str, before: object, after: object, minutes: int) -> None:
        audit.record(
            action="offer.changed", subject="off_a", by="per_a", at=at + timedelta(minutes=minutes),
            before={field: before, "state": "rejected"}, after={field: after, "state": "draft"},
        )  # fmt: skip

    record("price", 1, 10, minutes=-5)
    record("price", 10, 20, minutes=1)
    record("titles", {"en": "Tea"}, {"en": "Tea and cake"}, minutes=2)
    record("price", 20, 30, minutes=3)
    changes = changes_since_decision("off_a", decided_at=at)
    assert [(change.field, change.before, change.after) for change in changes] == [
        ("price", 10, 30),
        ("titles.en", "Tea", "Tea and cake"),
    ]
    assert changes_since_decision("off_a", decided_at=None) == []
    record("price", 30, 10, minutes=4)
    assert [change.field for change in changes_since_decision("off_a", decided_at=at)] == ["titles.en"]
