"""A deal or a change of one that waited until its days were over is not published as it was handed in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from hutong.flows import approve, publish
from hutong.flows.offers.again import OfferOutOfDate
from hutong.flows.offers.drafting import Outcome
from hutong.kernel import clock
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState
from hutong.town.contents import queries as revisions
from hutong.town.contents.types import RevisionState
from tests.factories import merchants, people
from tests.factories.loop import scene
from tests.flows.offers.test_drafting import changed, filled, hand_in, owner_of

pytestmark = pytest.mark.django_db

LATER = timedelta(days=10)


def over(what: str, at: datetime) -> dict[str, Any]:
    """What can be handed in at `at`, and says nothing that holds ten days later."""
    day = clock.local(at, "Europe/Helsinki").date() + timedelta(days=5)
    last_on = day.isoformat()
    said: dict[str, dict[str, Any]] = {
        "ends_past": {"ends_on": last_on},
        "never_usable": {"ends_on": last_on, "terms": {"last_on": last_on}},
        "campaign_past": {"groups": {"minimum": 5, "last_on": last_on}},
    }
    return said[what]


WORDS: Mapping[str, str] = {
    "ends_past": "A last day of sale that has not passed",
    "never_usable": "A day and an hour at which it can be used: now there is none",
    "campaign_past": "A last day to reach the number of buyers that has not passed",
}
each_way = pytest.mark.parametrize("what", WORDS)


@each_way
def test_a_first_approval_that_comes_too_late_is_refused(what: str, at: datetime) -> None:
    store = merchants.store(at=at)
    done = hand_in(filled(store, at, **over(what, at)), owner_of(store), at)
    yes = partial(approve.decide, ref=done.offer_ref, approve=True, by=people.operator())
    with pytest.raises(OfferOutOfDate, match=WORDS[what]) as refused:
        yes(at=at + LATER)
    assert what in refused.value.details["missing"]
    waiting = catalog.offer_by_ref(done.offer_ref)
    assert waiting is not None
    assert waiting.state is OfferState.SUBMITTED
    yes(at=at)
    approved = catalog.offer_by_ref(done.offer_ref)
    assert approved is not None
    assert approved.state is not OfferState.SUBMITTED


@each_way
def test_changes_that_waited_too_long_are_refused(what: str, at: datetime) -> None:
    made = scene(at=at)
    by = owner_of(made.store)
    done = changed(made, by, **over(what, at))
    assert done.outcome is Outcome.PROPOSED
    waiting = revisions.waiting_of(made.offer.public_id)
    assert waiting is not None
    decide = partial(publish.decide, revision_ref=waiting.ref, by=people.operator(), at=at + LATER)
    with pytest.raises(OfferOutOfDate, match=WORDS[what]):
        decide(approve=True)
    assert revisions.waiting_of(made.offer.public_id) == waiting
    refused = decide(approve=False, reason="Its days are over.")
    assert refused.state is RevisionState.REJECTED


def test_a_decision_in_time_is_taken_back_and_stands_as_before(at: datetime) -> None:
    made = scene(at=at)
    changed(made, owner_of(made.store), **over("ends_past", at))
    waiting = revisions.waiting_of(made.offer.public_id)
    assert waiting is not None
    operator = people.operator()
    approve.decide(ref=waiting.ref, approve=True, by=operator, at=at)
    approve.take_back(ref=waiting.ref, by=operator, at=at)
    assert revisions.waiting_of(made.offer.public_id) == waiting
