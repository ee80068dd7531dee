"""Acting for a merchant begins with a reason and leaves its marks."""

from datetime import datetime, timedelta

import pytest

from hutong.flows import acting
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.town.merchants.models import Merchant
from tests.factories import merchants, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    """A merchant with a store."""
    store = merchants.store()
    assert store.merchant is not None
    return store.merchant


def test_begin_and_end_are_on_record_with_the_reason(merchant: Merchant, at: datetime) -> None:
    operator, ref = people.operator(), merchant.public_id
    until = acting.start(merchant_ref=ref, reason=" They asked by phone ", by=operator, at=at)
    assert until == at + timedelta(minutes=60)
    acting.stop(merchant_ref=ref, by=operator, at=at)
    acting.stop(merchant_ref=ref, by=operator, at=until, timed_out=True)
    found = audit.search(merchant=ref, action="acting.").entries
    assert [(entry.action, entry.reason, entry.on_behalf_of, entry.actor_ref) for entry in found] == [
        ("acting.timed_out", "", ref, operator.public_id),
        ("acting.stopped", "", ref, operator.public_id),
        ("acting.started", "They asked by phone", ref, operator.public_id),
    ]


def test_who_may_not_and_what_cannot(merchant: Merchant, at: datetime) -> None:
    ref = merchant.public_id
    empty = merchants.merchant()
    for merchant_ref, reason, by, error in (
        (ref, "x", people.person(), Forbidden),
        ("mer_none", "x", people.operator(), NotFound),
        (ref, " \u202e ", people.operator(), acting.ActingReasonMissing),
        (empty.public_id, "x", people.operator(), acting.NoStoreToActIn),
    ):
        with pytest.raises(error):
            acting.start(merchant_ref=merchant_ref, reason=reason, by=by, at=at)
    assert audit.search(action="acting.").entries == ()
