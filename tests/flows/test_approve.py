"""The operator's decisions and the merchant's switch: history, rights, and what people then find."""

from datetime import datetime

import pytest

from hutong.attract.search import queries as search
from hutong.flows import approve, jobs
from hutong.kernel.errors import DomainError, Forbidden
from hutong.kernel.geo import Place
from hutong.kernel.models import OutboxRow
from hutong.town.catalog import queries as offers
from hutong.town.catalog import services as catalog_services
from hutong.town.merchants.models import Merchant
from hutong.town.merchants.queries import merchant_history
from tests.factories import catalog, merchants, people

pytestmark = pytest.mark.django_db
HERE = Place(24.9414, 60.1710)


def shown(at: datetime) -> list[str]:
    """The deals people find once the waiting jobs have run."""
    jobs.drain()
    return [deal.offer_ref for deal in search.deals_near(place=HERE, at=at).items]


def test_an_approved_deal_is_found_and_a_refused_one_is_not(at: datetime) -> None:
    operator = people.operator()
    store = merchants.store()
    good, bad = (catalog.offer(store=store, live=False) for _ in range(2))
    for offer in (good, bad):
        catalog_services.submit_offer(offer_ref=offer.public_id, by=None, at=at)
    approve.approve_offer(offer_ref=good.public_id, approve=True, reason="Fine", by=operator, at=at)
    approve.approve_offer(offer_ref=bad.public_id, approve=False, reason="Too vague", by=operator, at=at)
    assert shown(at) == [good.public_id]
    assert [move.reason for move in offers.offer_history(bad.public_id)] == ["", "Too vague"]


def test_the_switch_takes_a_deal_off_and_on(at: datetime) -> None:
    owner = people.person()
    offer = catalog.offer(store=merchants.store(merchant=merchants.merchant(owner=owner)))
    seen = []
    for on in (False, True):
        approve.switch_offer(offer_ref=offer.public_id, on=on, by=owner, at=at)
        seen.append(shown(at))
    assert seen == [[], [offer.public_id]]


def test_a_suspended_merchants_deals_leave_and_come_back(at: datetime) -> None:
    operator = people.operator()
    offer = catalog.offer()
    merchant = Merchant.objects.get(pk=offer.merchant_id)
    seen = []
    for yes, reason in ((False, "Complaints"), (True, "Mended")):
        approve.approve_merchant(
            merchant_ref=merchant.public_id, approve=yes, reason=reason, by=operator, at=at
        )
        seen.append(shown(at))
    assert seen == [[], [offer.public_id]]
    assert [move.reason for move in merchant_history(merchant.public_id)][:2] == ["Mended", "Complaints"]


def test_who_may_not_decide_leaves_nothing_behind(at: datetime) -> None:
    offer = catalog.offer(live=False)
    catalog_services.submit_offer(offer_ref=offer.public_id, by=None, at=at)
    merchant = Merchant.objects.get(pk=offer.merchant_id)
    stranger = people.person()
    OutboxRow.objects.all().delete()
    with pytest.raises(Forbidden):
        approve.approve_offer(offer_ref=offer.public_id, approve=True, reason="", by=stranger, at=at)
    with pytest.raises(Forbidden):
        approve.switch_offer(offer_ref=offer.public_id, on=True, by=stranger, at=at)
    with pytest.raises(Forbidden):
        approve.approve_merchant(
            merchant_ref=merchant.public_id, approve=False, reason="No", by=stranger, at=at
        )
    with pytest.raises(DomainError):
        approve.approve_offer(
            offer_ref=offer.public_id, approve=False, reason="", by=people.operator(), at=at
        )
    assert not OutboxRow.objects.exists()
    assert len(offers.offer_history(offer.public_id)) == 1
