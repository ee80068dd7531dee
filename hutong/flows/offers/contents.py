"""What an offer says, over its rooms: prices and texts in the catalog, number in stock, terms in vouchers and groups."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hutong.flows.offers.again import check_again
from hutong.flows.offers.body import (
    Body,
    draft_of,
    groups_of_body,
    of_offer,
    readable,
    terms_of_body,
    zone_of,
)
from hutong.kernel import outbox
from hutong.kernel.errors import NotFound
from hutong.kernel.money import Money
from hutong.pay.groups import queries as groups_read
from hutong.pay.groups import services as groups
from hutong.town.catalog import queries as catalog
from hutong.town.catalog import services as catalog_services
from hutong.town.catalog.types import OfferView
from hutong.town.contents import queries as contents
from hutong.town.contents.rules import difference
from hutong.town.contents.types import Change, RevisionView
from hutong.town.merchants.queries import stores_of_merchant
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import terms_of
from hutong.visit.vouchers.services import set_terms


def body_now(offer: OfferView) -> Body:
    """What an offer says now. Three statements."""
    together = groups_read.terms_of(offer.ref, unit=offer.price.unit)
    return of_offer(offer, terms_of(offer.ref), stock_of([offer.ref]).get(offer.ref), together)


def check(*, offer: OfferView, body: Mapping[str, Any], by: Person, at: datetime) -> None:
    """Pass a version of an approved offer that may be published now, by somebody who may write it.

    Raises what `catalog.services.check_offer` and `stock.services.check_capacity` raise, and `OfferInvalid`
    when it changes the kind or the number of uses: orders that are being paid just now count on it.
    """
    draft = draft_of(body, zone=zone_of(offer), at=at, offer=offer)
    catalog_services.check_offer(offer_ref=offer.ref, store_refs=body["stores"], draft=draft, by=by)
    now, then = terms_of(offer.ref), terms_of_body(body)
    if (now.kind, now.uses) != (then.kind, then.uses):
        raise catalog_services.OfferInvalid(faults=["uses_changed"])
    stock.check_capacity(offer_ref=offer.ref, capacity=_in_uses(body))


def check_later(revision: RevisionView, at: datetime) -> None:
    """Pass a version that is approved after it has waited. Raises `OfferOutOfDate`, `NotFound`."""
    offer = catalog.offer_by_ref(revision.subject_ref)
    if offer is None:
        raise NotFound
    check_again(revision.body, zone=zone_of(offer), at=at)


def apply(revision: RevisionView, at: datetime) -> None:
    """Let an offer say what a published version says, from the next quote on; part of the publisher's transaction.

    Raises what the rooms raise: `OfferMoveRefused` when the offer is not on sale any more, `CapacityTooSmall`
    when more was sold since.
    """
    offer = catalog.offer_by_ref(revision.subject_ref)
    if offer is None:
        raise NotFound
    body = revision.body
    catalog_services.apply_contents(
        offer_ref=offer.ref,
        store_refs=body["stores"],
        draft=draft_of(body, zone=zone_of(offer), at=at, offer=offer),
    )
    set_limits(offer_ref=offer.ref, body=body, by=revision.by_ref or "platform", at=at)
    outbox.send("index_offer", at=at, offer_ref=offer.ref)


def set_limits(*, offer_ref: str, body: Mapping[str, Any], by: str, at: datetime) -> None:
    """Set the terms of vouchers and of groups, and how many there are. Raises `CapacityTooSmall`."""
    set_terms(offer_ref=offer_ref, terms=terms_of_body(body), unit=body["unit"], at=at)
    groups.set_terms(
        offer_ref=offer_ref, terms=groups_of_body(body), price=Money(body["price"], body["unit"]), at=at
    )
    found = stock_of([offer_ref]).get(offer_ref)
    if (found.capacity if found else None) != _in_uses(body):
        stock.set_capacity(offer_ref=offer_ref, capacity=_in_uses(body), by=by, at=at)


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, merchant_ref: str, language: str
) -> list[Change]:
    """What differs between two versions of an offer, in words. One statement for the names of the stores."""
    stores = {store.ref: store.names for store in stores_of_merchant(merchant_ref)}
    return difference(
        readable(before, language=language, stores=stores), readable(after, language=language, stores=stores)
    )


def changes_of(revision: RevisionView, *, language: str) -> list[Change]:
    """What a version changes: against the offer as it is while it waits, against the version before later."""
    offer = catalog.offer_by_ref(revision.subject_ref)
    if offer is None:
        return []
    before = body_now(offer)
    if revision.decided_at is not None:
        earlier = [each for each in contents.history(revision.subject_ref) if each.number < revision.number]
        published = [each for each in earlier if each.state.value == "published"]
        before = published[0].body if published else before
    return changes(before, revision.body, merchant_ref=revision.merchant_ref, language=language)


def _in_uses(body: Mapping[str, Any]) -> int | None:
    """Stock counts uses, as orders count units; people count vouchers."""
    return None if body["capacity"] is None else body["capacity"] * body["uses"]
