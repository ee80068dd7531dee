"""The operator's decisions and the merchant's switch: history, rights, and what people then find."""

from datetime import datetime, timedelta

import pytest

from hutong.attract.search import queries as search
from hutong.flows import approve, jobs, publish
from hutong.kernel.errors import DomainError, Forbidden, NotFound
from hutong.kernel.geo import Place
from hutong.kernel.models import OutboxRow
from hutong.town.catalog import queries as offers
from hutong.town.catalog import services as catalog_services
from hutong.town.catalog.models import Offer
from hutong.town.contents import queries as contents
from hutong.town.merchants.models import Merchant
from hutong.town.merchants.queries import merchant_history, store_by_ref
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


def test_a_deal_that_changed_since_it_was_looked_at_is_not_decided(at: datetime) -> None:
    operator = people.operator()
    offer = catalog.offer(live=False)
    ref = offer.public_id
    catalog_services.submit_offer(offer_ref=ref, by=None, at=at)
    seen = approve.version_of(ref)
    Offer.objects.filter(public_id=ref).update(price=100)
    with pytest.raises(approve.ChangedMeanwhile):
        approve.decide(ref=ref, approve=True, seen=seen, by=operator, at=at)
    still = offers.offer_by_ref(ref)
    assert still is not None
    assert still.state == "submitted"
    approve.decide(ref=ref, approve=True, seen=approve.version_of(ref), by=operator, at=at)


def test_what_a_decision_changes_itself_is_no_change(at: datetime) -> None:
    operator = people.operator()
    merchant = merchants.merchant(approved=False)
    seen = approve.version_of(merchant.public_id)
    assert seen
    approve.decide(ref=merchant.public_id, approve=True, seen=seen, by=operator, at=at)
    assert approve.version_of(merchant.public_id) == seen
    assert approve.version_of("off_none") == approve.version_of("mer_none") == ""


def test_an_approval_taken_back_hides_the_deal_again(at: datetime) -> None:
    operator = people.operator()
    offer = catalog.offer(live=False)
    catalog_services.submit_offer(offer_ref=offer.public_id, by=None, at=at)
    approve.decide(ref=offer.public_id, approve=True, by=operator, at=at)
    assert shown(at) == [offer.public_id]
    approve.take_back(ref=offer.public_id, by=operator, at=at + timedelta(minutes=5))
    assert shown(at) == []
    assert [each.ref for each in offers.pending_offers()] == [offer.public_id]
    with pytest.raises(catalog_services.TooLateToTakeBack):
        approve.take_back(ref=offer.public_id, by=operator, at=at)
    approve.decide(ref=offer.public_id, approve=True, by=operator, at=at)
    with pytest.raises(catalog_services.TooLateToTakeBack):
        approve.take_back(ref=offer.public_id, by=operator, at=at + timedelta(minutes=6))
    assert shown(at) == [offer.public_id]


def test_published_contents_taken_back_are_as_they_were_before(at: datetime) -> None:
    operator, owner = people.operator(), people.person()
    store = merchants.store(merchant=merchants.merchant(owner=owner))

    def says() -> str:
        view = store_by_ref(store.public_id)
        assert view is not None
        return view.descriptions.get("en", "")

    def propose(text: str) -> str:
        body = {"descriptions": {"en": text}}
        return publish.propose_store(store_ref=store.public_id, body=body, by=owner, at=at).ref

    first = propose("Good coffee")
    approve.decide(ref=first, approve=True, by=operator, at=at)
    with pytest.raises(approve.NothingBefore):
        approve.take_back(ref=first, by=operator, at=at)
    assert says() == "Good coffee"
    second = propose("The best coffee of the world")
    approve.decide(ref=second, approve=True, by=operator, at=at)
    assert says() == "The best coffee of the world"
    approve.take_back(ref=second, by=operator, at=at)
    assert says() == "Good coffee"
    assert [each.ref for each in contents.waiting()] == [second]


def test_nothing_has_no_decision(at: datetime) -> None:
    operator = people.operator()
    with pytest.raises(NotFound):
        approve.decide(ref="xyz_1", approve=True, by=operator, at=at)
    with pytest.raises(NotFound):
        approve.take_back(ref="xyz_1", by=operator, at=at)
