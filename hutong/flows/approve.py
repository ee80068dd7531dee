"""What may be seen on the site: merchants, deals and contents are approved or refused, deals go on and off.

Each of these writes its history in town and, in the same transaction, asks for the rows of search to be made
again; so what people find follows within seconds, and a decision that fails leaves nothing behind. A decision
hit by mistake is taken back within five minutes.
"""

import hashlib
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import publish, tell
from hutong.flows.offers.again import check_again
from hutong.flows.offers.body import zone_of
from hutong.flows.offers.contents import body_now
from hutong.kernel import outbox
from hutong.kernel.errors import Conflict, NotFound
from hutong.town.catalog import queries as catalog_read
from hutong.town.catalog import services as catalog
from hutong.town.catalog.types import OfferState
from hutong.town.contents import queries as contents_read
from hutong.town.contents import services as contents
from hutong.town.contents.types import RevisionState
from hutong.town.merchants import queries as merchants_read
from hutong.town.merchants import services as merchants
from hutong.town.merchants.queries import stores_of_merchant
from hutong.town.merchants.types import MerchantState
from hutong.town.notifications import services as notifications
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock

# The beginnings of the public ids of what is decided about.
MERCHANT, OFFER, REVISION, CLAIM = "mer_", "off_", "rev_", "clm_"


class ChangedMeanwhile(Conflict):
    """What is decided about is not what was looked at any more."""

    code = "changed_meanwhile"
    message = _("This has changed since you opened it. Please look at it again, then decide.")


class NothingBefore(Conflict):
    """A first version has none before it, to which taking the approval back would lead."""

    code = "nothing_before"
    message = _("This was the first version, so there is none to go back to. The merchant can change it.")


def approve_merchant(
    *, merchant_ref: str, approve: bool, reason: str, by: Person, at: datetime, seen: str = ""
) -> None:
    """The operator's word on a merchant, with its reason; the merchant's stores are made findable anew.

    No also suspends an approved merchant, whose deals then leave the search. `seen` is the `version_of` what
    was looked at. Raises what `merchants.services.decide_merchant` raises, and `ChangedMeanwhile`.
    """
    with transaction.atomic():
        merchants.decide_merchant(merchant_ref=merchant_ref, approve=approve, reason=reason, by=by, at=at)
        _check_seen(merchant_ref, seen)
        tell.merchant_decided(merchant_ref=merchant_ref, reason=reason, at=at)
        _index_stores(merchant_ref, at)


def approve_offer(
    *, offer_ref: str, approve: bool, reason: str, by: Person, at: datetime, seen: str = ""
) -> None:
    """The operator's word on a deal, with its reason.

    Raises what `catalog.services.decide_offer` raises, `ChangedMeanwhile`, and `OfferOutOfDate` for one that waited for
    too long.
    """
    with transaction.atomic():
        catalog.decide_offer(offer_ref=offer_ref, approve=approve, reason=reason, by=by, at=at)
        # After the write, so that the row is locked and nobody changes the deal from here on.
        _check_seen(offer_ref, seen)
        if approve:
            offer = catalog_read.offer_by_ref(offer_ref)
            assert offer is not None, "it is decided about"
            check_again(body_now(offer), zone=zone_of(offer), at=at)
            stock.start_counting(offer_ref=offer_ref, by=by.public_id, at=at)
        tell.offer_decided(offer_ref=offer_ref, reason=reason, at=at)
        outbox.send("index_offer", at=at, offer_ref=offer_ref)


def decide(*, ref: str, approve: bool, reason: str = "", seen: str = "", by: Person, at: datetime) -> None:
    """The operator's word on whatever `ref` names: a claim, a merchant, a deal or a version of contents.

    Raises what deciding about that raises, `ChangedMeanwhile`, and `NotFound` for a ref of nothing.
    """
    if ref.startswith(MERCHANT):
        approve_merchant(merchant_ref=ref, approve=approve, reason=reason, by=by, at=at, seen=seen)
    elif ref.startswith(OFFER):
        approve_offer(offer_ref=ref, approve=approve, reason=reason, by=by, at=at, seen=seen)
    elif ref.startswith(REVISION):
        publish.decide(revision_ref=ref, approve=approve, reason=reason, by=by, at=at)
    elif ref.startswith(CLAIM):
        _decide_claim(ref, approve, reason, by, at)
    else:
        raise NotFound


def take_back(*, ref: str, by: Person, at: datetime) -> None:
    """Undo the last decision about `ref` within five minutes, as if it had not been made; it waits again.

    A claim moves a store from hand to hand, which is not undone by a key: it can be claimed back.

    Raises `NotFound`, `NothingBefore`, and the `TooLateToTakeBack` of what is decided about.
    """
    with transaction.atomic():
        if ref.startswith(MERCHANT):
            merchants.take_back_decision(merchant_ref=ref, by=by, at=at)
            _index_stores(ref, at)
        elif ref.startswith(OFFER):
            catalog.take_back_decision(offer_ref=ref, by=by, at=at)
            outbox.send("index_offer", at=at, offer_ref=ref)
        elif ref.startswith(REVISION):
            _take_back_contents(ref, by, at)
        else:
            raise NotFound
        notifications.withdraw(subject_ref=ref, at=at)


def _take_back_contents(ref: str, by: Person, at: datetime) -> None:
    decided = contents.take_back(revision_ref=ref, by=by, at=at)
    if decided.state is not RevisionState.PUBLISHED:
        return
    before = contents_read.published(decided.subject_ref)
    if before is None:
        raise NothingBefore
    publish.PUBLISHERS[decided.kind](before, at)


def _decide_claim(ref: str, approve: bool, reason: str, by: Person, at: datetime) -> None:
    with transaction.atomic():
        merchants.decide_claim(claim_ref=ref, approve=approve, reason=reason, by=by, at=at)
        decided = merchants_read.claim_view(ref)
        if decided is not None:
            outbox.send("index_store", at=at, store_ref=decided.store_ref)
        tell.claim_decided(claim_ref=ref, reason=reason, at=at)


def version_of(ref: str) -> str:
    """A short mark of what a merchant or deal says now, whatever its state; "" for what never changes."""
    if ref.startswith(MERCHANT):
        merchant = merchants_read.merchant_by_ref(ref)
        if merchant is None:
            return ""
        undecided = replace(merchant, state=MerchantState.APPLIED, decided_at=None, decision_reason="")
        stores = [
            (store.ref, store.names, store.address, store.phone, store.lon, store.lat)
            for store in stores_of_merchant(ref)
        ]
        return _mark(repr((undecided, stores)))
    offer = catalog_read.offer_by_ref(ref) if ref.startswith(OFFER) else None
    if offer is None:
        return ""
    undecided_offer = replace(offer, state=OfferState.SUBMITTED, merchant_approved=True, submitted_at=None)
    return _mark(repr(undecided_offer))


def switch_offer(*, offer_ref: str, on: bool, by: Person, at: datetime) -> None:
    """The merchant's switch of an approved deal: on sale, or paused; what was sold stays good.

    Raises what `catalog.services.pause_offer` and `resume_offer` raise.
    """
    switch = catalog.resume_offer if on else catalog.pause_offer
    with transaction.atomic():
        switch(offer_ref=offer_ref, by=by, at=at)
        outbox.send("index_offer", at=at, offer_ref=offer_ref)


def _check_seen(ref: str, seen: str) -> None:
    if seen and seen != version_of(ref):
        raise ChangedMeanwhile


def _index_stores(merchant_ref: str, at: datetime) -> None:
    for store in stores_of_merchant(merchant_ref):
        outbox.send("index_store", at=at, store_ref=store.ref)


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
