"""What shops and the operator write becomes readable: proposed, looked at where that is wished, published.

A store's contents are its descriptions; an offer's are what `PUBLISHERS` knows of it; the pictures of either
have versions of their own. A version is published at once while its merchant waits for approval (the operator
looks at everything then, and shoppers see nothing of it before: `StoreView.as_seen`), where an operator wrote
it, where the region does not review, or when it says what readers see already, which takes back what waited;
else it waits in the operator's queue.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from hutong.flows import tell
from hutong.flows.offers import contents as offer_contents
from hutong.kernel import audit, outbox
from hutong.kernel.errors import NotFound
from hutong.town.catalog import queries as catalog
from hutong.town.contents import queries
from hutong.town.contents import services as contents
from hutong.town.contents.rules import owner_of, pictures_of
from hutong.town.contents.types import RevisionState, RevisionView, SubjectKind
from hutong.town.merchants import queries as merchants_read
from hutong.town.merchants import services as merchants
from hutong.town.merchants.types import MerchantState
from hutong.town.people.models import Person
from hutong.town.pictures import queries as pictures_read
from hutong.town.pictures import services as pictures
from hutong.town.regions.queries import feature_on, region_by_id
from hutong.town.regions.types import Feature

Publisher = Callable[[RevisionView, datetime], None]


def propose_store(*, store_ref: str, body: Mapping[str, Any], by: Person, at: datetime) -> RevisionView:
    """A new version of what a store says of itself. Raises `NotFound`, `Forbidden`, `ContentsInvalid`."""
    store = merchants_read.store_by_ref(store_ref)
    if store is None or store.merchant_ref is None:
        raise NotFound
    merchants.check_store_contents(store_ref=store_ref, body=body, by=by)
    live = {"descriptions": store.descriptions}
    return _propose(SubjectKind.STORE, store_ref, store.merchant_ref, body, live, by, at)


def withdraw_store(*, store_ref: str, by: Person, at: datetime) -> RevisionView:
    """Take back the version of a store that waits or was refused: what readers see stays the newest word.

    Raises `NotFound`, `Forbidden`.
    """
    store = merchants_read.store_by_ref(store_ref)
    if store is None:
        raise NotFound
    return propose_store(store_ref=store_ref, body={"descriptions": store.descriptions}, by=by, at=at)


def propose_pictures(
    *,
    owner_ref: str,
    merchant_ref: str,
    body: Mapping[str, Any],
    reviewed: bool,
    by: Person,
    at: datetime,
) -> RevisionView:
    """A new version of the pictures of a store or an offer, by `flows.pictures`, which checked it.

    `body` is `{"pictures": [refs in order], "alts": {ref: {language: words}}}`. `reviewed` False is for an owner
    that the operator will look at as a whole.
    """
    shown = pictures_read.shown(owner_ref)
    live = {
        "pictures": [picture.ref for picture in shown],
        "alts": {picture.ref: picture.alts for picture in shown if picture.alts},
    }
    subject = pictures_of(owner_ref)
    return _propose(SubjectKind.PICTURES, subject, merchant_ref, body, live, by, at, reviewed=reviewed)


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
        return _propose(SubjectKind.OFFER, offer_ref, offer.merchant_ref, body, now, by, at)


def decide(*, revision_ref: str, approve: bool, reason: str = "", by: Person, at: datetime) -> RevisionView:
    """The operator's word on a waiting version; yes brings it to readers at once.

    Raises what `contents.services.decide` raises, and `OfferOutOfDate` for an offer's that waited for too long.
    """
    with transaction.atomic():
        decided = contents.decide(revision_ref=revision_ref, approve=approve, reason=reason, by=by, at=at)
        if approve:
            if decided.kind is SubjectKind.OFFER:
                offer_contents.check_later(decided, at)
            PUBLISHERS[decided.kind](decided, at)
        tell.contents_decided(decided, at=at)
    return decided


def _propose(
    kind: SubjectKind,
    subject_ref: str,
    merchant_ref: str,
    body: Mapping[str, Any],
    live: Mapping[str, Any],
    by: Person,
    at: datetime,
    *,
    reviewed: bool = True,
) -> RevisionView:
    """`live` is what readers see now: a version equal to it needs nobody's word."""
    merchant = merchants_read.merchant_by_ref(merchant_ref)
    if merchant is None:
        raise NotFound
    region = region_by_id(merchant.region_id)
    assert region is not None, "a merchant has a region"
    looked_at = (
        reviewed
        and not by.is_operator
        and body != live
        and merchant.state is MerchantState.APPROVED
        and feature_on(region.region_id, Feature.REVIEW_CONTENTS)
    )
    with transaction.atomic():
        newest = next(iter(queries.history(subject_ref, limit=1)), None)
        if newest and newest.state is RevisionState.PUBLISHED and newest.body == body == live:
            return newest
        made = contents.propose(
            subject_ref=subject_ref,
            kind=kind,
            merchant_ref=merchant_ref,
            region_ref=region.ref,
            body=body,
            publish=not looked_at,
            by=by,
            at=at,
        )
        audit.record(
            action=f"content.{made.state.value if made.state is RevisionState.PUBLISHED else 'proposed'}",
            subject=owner_of(subject_ref),
            by=by.public_id,
            at=at,
            merchant=merchant_ref,
            before=live,
            after=body,
        )
        if made.state is RevisionState.PUBLISHED:
            PUBLISHERS[kind](made, at)
    return made


def _publish_store(revision: RevisionView, at: datetime) -> None:
    merchants.set_store_contents(store_ref=revision.subject_ref, body=revision.body, at=at)
    outbox.send("index_store", at=at, store_ref=revision.subject_ref)


def _publish_pictures(revision: RevisionView, at: datetime) -> None:
    owner_ref = owner_of(revision.subject_ref)
    pictures.show(owner_ref=owner_ref, refs=revision.body["pictures"], alts=revision.body["alts"], at=at)
    if owner_ref.startswith("sto_"):
        outbox.send("index_store", at=at, store_ref=owner_ref)
    else:
        outbox.send("index_offer", at=at, offer_ref=owner_ref)


# How a published version reaches its subject, by kind.
PUBLISHERS: dict[SubjectKind, Publisher] = {
    SubjectKind.STORE: _publish_store,
    SubjectKind.OFFER: offer_contents.apply,
    SubjectKind.PICTURES: _publish_pictures,
}
