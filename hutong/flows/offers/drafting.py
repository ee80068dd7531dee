"""A shop's deals on their way: begun, copied, changed, handed in, and what one sale of them brings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import commission, publish
from hutong.flows.offers import body as bodies
from hutong.flows.offers.contents import body_now, set_limits
from hutong.flows.offers.templates import templates
from hutong.kernel import clock, outbox
from hutong.kernel.errors import Conflict, Invalid, NotFound
from hutong.kernel.money import Money
from hutong.pay.fees.rules import charge
from hutong.pay.fees.types import Facts, Rule
from hutong.town.catalog import queries as catalog
from hutong.town.catalog import services
from hutong.town.catalog.rules import REVISED, REWRITABLE
from hutong.town.catalog.types import OfferState, OfferView, SketchView
from hutong.town.contents.queries import waiting_of
from hutong.town.contents.types import RevisionState
from hutong.town.merchants.queries import store_by_ref, stores_of_merchant
from hutong.town.merchants.types import StoreState
from hutong.town.people.models import Person


class OfferIncomplete(Invalid):
    """The draft cannot be handed in yet; `missing` are the codes of `body.missing`."""

    code = "offer_incomplete"
    message = _("Something is missing still. Please look at the list.")


class OfferWaits(Conflict):
    """The deal waits for the platform's word: it is taken back first, or nothing can change."""

    code = "offer_waits"
    message = _("This deal waits for approval. Take it back first to change it.")


class Outcome(StrEnum):
    """What became of a draft that was handed in."""

    SUBMITTED = "submitted"
    PROPOSED = "proposed"
    PUBLISHED = "published"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The offer a draft became, or changes."""

    offer_ref: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Earned:
    """What one sale brings by the rule that holds now: what is kept of `price` leaves `net`."""

    price: Money
    commission: Money
    commission_tax: Money
    provider_fee: Money
    net: Money
    rule: Rule
    facts: Facts


def start(*, merchant_ref: str, store_ref: str, template: str = "", by: Person, at: datetime) -> SketchView:
    """Begin a new deal from a template, or from nothing; it holds in the store unless told otherwise.

    Raises `NotFound` for an unknown template or store, and what `catalog.services.start_sketch` raises.
    """
    store = store_by_ref(store_ref)
    if store is None or store.merchant_ref != merchant_ref or (template and template not in templates()):
        raise NotFound
    stores = [
        each.ref
        for each in stores_of_merchant(merchant_ref)
        if each.state is StoreState.OPEN and each.currency == store.currency
    ]
    if template:
        body = bodies.of_template(templates()[template], unit=store.currency, stores=stores)
    else:
        body = bodies.blank(unit=store.currency, stores=stores)
        body["emoji"] = store.category.emoji
    return services.start_sketch(merchant_ref=merchant_ref, body=body, by=by, at=at)


def duplicate(*, offer_ref: str, merchant_ref: str, by: Person, at: datetime) -> SketchView:
    """Begin a new deal that says what another one of the merchant says, without its days of sale."""
    offer = _offer(offer_ref, merchant_ref)
    body = {**body_now(offer), "starts_on": "", "ends_on": ""}
    return services.start_sketch(merchant_ref=merchant_ref, body=body, by=by, at=at)


def edit(*, offer_ref: str, merchant_ref: str, by: Person, at: datetime) -> SketchView:
    """Begin to change a deal, or go on with the changes begun. Raises `OfferUnknown`, `OfferWaits`."""
    offer = _offer(offer_ref, merchant_ref)
    if offer.state is OfferState.SUBMITTED:
        raise OfferWaits
    return services.start_sketch(
        merchant_ref=merchant_ref, body=body_now(offer), offer_ref=offer_ref, by=by, at=at
    )


def hand_in(*, sketch_ref: str, merchant_ref: str, by: Person, at: datetime) -> HandedIn:
    """The draft becomes a deal that waits for approval, or a version of one that was approved before.

    All of it or nothing. Raises `SketchUnknown` (also when it was handed in already), `OfferIncomplete`,
    `OfferWaits`, `CapacityTooSmall` and what the catalog raises.
    """
    sketch = catalog.sketch(sketch_ref, merchant_ref)
    if sketch is None or not sketch.open:
        raise services.SketchUnknown
    blank = bodies.blank(unit=sketch.body["unit"], stores=())
    body = {field: sketch.body.get(field, blank[field]) for field in bodies.FIELDS}
    zone = zone_of_sketch(sketch)
    missing = bodies.missing(body, today=clock.local(at, zone).date(), zone=zone)
    if missing:
        raise OfferIncomplete(missing=missing)
    with transaction.atomic():
        if not sketch.offer_ref:
            done = _create(merchant_ref, body, zone, by, at)
        else:
            done = _change(_offer(sketch.offer_ref, merchant_ref), body, zone, by, at)
        services.finish_sketch(sketch_ref=sketch_ref, merchant_ref=merchant_ref, by=by, at=at)
    return done


def take_back(*, offer_ref: str, merchant_ref: str, by: Person, at: datetime) -> None:
    """Take back what waits for the operator: a deal becomes a draft again, changes of one are forgotten.

    Raises `OfferUnknown`, `OfferMoveRefused`, `Forbidden`.
    """
    offer = _offer(offer_ref, merchant_ref)
    if offer.state in REVISED:
        if waiting_of(offer_ref) is not None:
            # What it says already needs nobody's word, and takes the place of what waited.
            publish.propose_offer(offer_ref=offer_ref, body=body_now(offer), by=by, at=at)
        return
    services.withdraw_offer(offer_ref=offer_ref, by=by, at=at)


def end_sale(*, offer_ref: str, by: Person, at: datetime) -> None:
    """End the sale of a deal; what was sold stays good. Raises `OfferMoveRefused`, `OfferUnknown`, `Forbidden`."""
    with transaction.atomic():
        services.end_offer(offer_ref=offer_ref, by=by, at=at)
        outbox.send("index_offer", at=at, offer_ref=offer_ref)


def zone_of_sketch(sketch: SketchView) -> str:
    """The zone of a draft's days: that of its first store, as for an offer."""
    stores = {store.ref: store.zone for store in stores_of_merchant(sketch.merchant_ref)}
    return next((stores[ref] for ref in sketch.body.get("stores", ()) if ref in stores), "UTC")


def earned(price: Money, *, sketch: SketchView, at: datetime) -> Earned:
    """What the shop gets for one voucher at a price, all of it used, by the rule that holds for new sales at `at`.

    One statement. Raises `NotFound` for a merchant that is not there.
    """
    store_ref = next(iter(sketch.body.get("stores", ())), "")
    counts = commission.of_deal(sketch.merchant_ref, store_ref, sketch.offer_ref, price.unit, at=at)
    if counts is None:
        raise NotFound
    rule, facts = counts
    kept = charge(rule, facts, price, units=sketch.body.get("uses") or 1)
    return Earned(
        price=price,
        commission=kept.commission,
        commission_tax=kept.commission_tax,
        provider_fee=kept.provider_fee,
        net=price - kept.kept,
        rule=rule,
        facts=facts,
    )


def _offer(offer_ref: str, merchant_ref: str) -> OfferView:
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None or offer.merchant_ref != merchant_ref:
        raise services.OfferUnknown
    return offer


def _create(merchant_ref: str, body: Mapping[str, Any], zone: str, by: Person, at: datetime) -> HandedIn:
    draft = bodies.draft_of(body, zone=zone, at=at, offer=None)
    made = services.create_offer(
        merchant_ref=merchant_ref, store_refs=body["stores"], draft=draft, by=by, at=at
    )
    set_limits(offer_ref=made.public_id, body=body, by=by.public_id, at=at)
    services.submit_offer(offer_ref=made.public_id, by=by, at=at)
    return HandedIn(made.public_id, Outcome.SUBMITTED)


def _change(offer: OfferView, body: Mapping[str, Any], zone: str, by: Person, at: datetime) -> HandedIn:
    if offer.state in REWRITABLE:
        draft = bodies.draft_of(body, zone=zone, at=at, offer=offer)
        services.change_offer(offer_ref=offer.ref, store_refs=body["stores"], draft=draft, by=by, at=at)
        set_limits(offer_ref=offer.ref, body=body, by=by.public_id, at=at)
        services.submit_offer(offer_ref=offer.ref, by=by, at=at)
        return HandedIn(offer.ref, Outcome.SUBMITTED)
    if offer.state not in REVISED:
        raise OfferWaits
    if body == body_now(offer) and waiting_of(offer.ref) is None:
        return HandedIn(offer.ref, Outcome.UNCHANGED)
    revision = publish.propose_offer(offer_ref=offer.ref, body=body, by=by, at=at)
    published = revision.state is RevisionState.PUBLISHED
    return HandedIn(offer.ref, Outcome.PUBLISHED if published else Outcome.PROPOSED)
