"""What shops and the operator write becomes readable: proposed, looked at where that is wished, published.

A store's contents are its descriptions; an offer's are what `PUBLISHERS` knows of it. A version is published at
once while its merchant waits for approval (the operator looks at everything then), where an operator wrote
it, or where the region does not review; else it waits in the operator's queue.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.flows.offers import contents as offer_contents
from hutong.kernel import audit, outbox
from hutong.kernel.errors import NotFound
from hutong.town.catalog import queries as catalog
from hutong.town.contents import queries
from hutong.town.contents import services as contents
from hutong.town.contents.types import RevisionState, RevisionView, SubjectKind
from hutong.town.merchants import queries as merchants_read
from hutong.town.merchants import services as merchants
from hutong.town.merchants.types import MerchantState
from hutong.town.people.models import Person
from hutong.town.regions.queries import feature_on, region_by_id
from hutong.town.regions.types import Feature

Publisher = Callable[[RevisionView, datetime], None]


def propose_store(*, store_ref: str, body: Mapping[str, Any], by: Person, at: datetime) -> RevisionView:
    """A new version of what a store says of itself. Raises `NotFound`, `Forbidden`, `ContentsInvalid`."""
    store = merchants_read.store_by_ref(store_ref)
    if store is None or store.merchant_ref is None:
        raise NotFound
    merchants.check_store_contents(store_ref=store_ref, body=body, by=by)
    return _propose(SubjectKind.STORE, store_ref, store.merchant_ref, body, by, at)


def propose_offer(*, offer_ref: str, body: Mapping[str, Any], by: Person, at: datetime) -> RevisionView:
    """A new version of what an approved offer says; `body` as in `flows.offers.body`.

    The first version is what the offer says before any change, so that there is always one to compare with.
    What is bought meanwhile, and what was sold, keeps its price and titles. Raises `NotFound` and what
    `flows.offers.contents.check` raises.
    """
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None:
        raise NotFound
    offer_contents.check(offer=offer, body=body, by=by, at=at)
    now, told = offer_contents.body_now(offer), queries.published(offer_ref)
    with transaction.atomic():
        if told is None or told.body != now:
            merchant = merchants_read.merchant_by_ref(offer.merchant_ref)
            region = region_by_id(merchant.region_id) if merchant else None
            contents.propose(
                subject_ref=offer_ref,
                kind=SubjectKind.OFFER,
                merchant_ref=offer.merchant_ref,
                region_ref=region.ref if region else "",
                body=now,
                publish=True,
                by=None,
                at=at,
            )
        return _propose(SubjectKind.OFFER, offer_ref, offer.merchant_ref, body, by, at)


def decide(*, revision_ref: str, approve: bool, reason: str = "", by: Person, at: datetime) -> RevisionView:
    """The operator's word on a waiting version; yes brings it to readers at once.

    Raises what `contents.services.decide` raises.
    """
    with transaction.atomic():
        decided = contents.decide(revision_ref=revision_ref, approve=approve, reason=reason, by=by, at=at)
        if approve:
            PUBLISHERS[decided.kind](decided, at)
    return decided


def _propose(
    kind: SubjectKind, subject_ref: str, merchant_ref: str, body: Mapping[str, Any], by: Person, at: datetime
) -> RevisionView:
    merchant = merchants_read.merchant_by_ref(merchant_ref)
    if merchant is None:
        raise NotFound
    region = region_by_id(merchant.region_id)
    assert region is not None, "a merchant has a region"
    reviewed = merchant.state is MerchantState.APPROVED and feature_on(
        region.region_id, Feature.REVIEW_CONTENTS
    )
    before = queries.published(subject_ref)
    with transaction.atomic():
        made = contents.propose(
            subject_ref=subject_ref,
            kind=kind,
            merchant_ref=merchant_ref,
            region_ref=region.ref,
            body=body,
            publish=by.is_operator or not reviewed,
            by=by,
            at=at,
        )
        audit.record(
            action=f"content.{made.state.value if made.state is RevisionState.PUBLISHED else 'proposed'}",
            subject=subject_ref,
            by=by.public_id,
            at=at,
            merchant=merchant_ref,
            before=before.body if before else {},
            after=body,
        )
        if made.state is RevisionState.PUBLISHED:
            PUBLISHERS[kind](made, at)
    return made


def _publish_store(revision: RevisionView, at: datetime) -> None:
    merchants.set_store_contents(store_ref=revision.subject_ref, body=revision.body, at=at)
    outbox.send("index_store", at=at, store_ref=revision.subject_ref)


# How a published version reaches its subject, by kind.
PUBLISHERS: dict[SubjectKind, Publisher] = {
    SubjectKind.STORE: _publish_store,
    SubjectKind.OFFER: offer_contents.apply,}
