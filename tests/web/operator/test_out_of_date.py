"""A deal whose days passed while it waited: the operator reads why it cannot be approved, and refuses it."""

from datetime import timedelta

import pytest

from hutong.kernel import clock
from hutong.town.catalog import services
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.catalog.types import OfferState
from tests.factories import catalog, people
from tests.web.visitors import shop, visitor

pytestmark = pytest.mark.django_db


def test_what_is_over_is_not_approved_and_says_why() -> None:
    here, now = shop(), clock.now()
    draft = catalog.draft(starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=2))
    made = catalog.offer(store=here.scene.store, draft=draft, live=False, at=now - timedelta(days=9))
    services.submit_offer(offer_ref=made.public_id, by=None, at=now - timedelta(days=8))
    browser, address = visitor(people.operator()), f"/operator/queue/{made.public_id}/decide/"
    answer = browser.post(address, {"decision": "approve"})
    assert answer.status_code == 409
    assert "What is missing: A last day of sale that has not passed." in answer.content.decode()
    answer = browser.post(address, {"decision": "reject", "reason": "Its days are over."}, follow=True)
    assert answer.status_code == 200
    found = offer_by_ref(made.public_id)
    assert found is not None
    assert found.state is OfferState.REJECTED
