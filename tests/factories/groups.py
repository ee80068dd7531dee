"""Deals that are sold to groups or in a campaign, and groups as tests take their steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from hutong.flows.groups.asking import Ask
from hutong.kernel.money import Money
from hutong.pay.groups import queries, services
from hutong.pay.groups.types import PriceStep, Terms
from hutong.pay.orders.types import PlacedOrder
from hutong.town.people.models import Person
from tests.factories import catalog, people
from tests.factories.loop import Scene, scene

TWO_AND_FIVE = ((2, 1590), (5, 1290))


def group_scene(
    *,
    at: datetime,
    steps: tuple[tuple[int, int], ...] = TWO_AND_FIVE,
    hours: int = 24,
    fill: int = 0,
    capacity: int | None = None,
) -> Scene:
    """A shop whose deal of 19.90 costs groups less."""
    shop = scene(at=at, capacity=capacity)
    terms = Terms(
        steps=tuple(PriceStep(size, Money(minor, "EUR")) for size, minor in steps), hours=hours, fill=fill
    )
    services.set_terms(offer_ref=shop.offer.public_id, terms=terms, price=Money(1990, "EUR"), at=at)
    return shop


def campaign_scene(*, at: datetime, minimum: int, last_on: date, capacity: int | None = None) -> Scene:
    """A shop whose deal is on with so many buyers by the end of `last_on`."""
    shop = scene(at=at, capacity=capacity)
    terms = Terms(minimum=minimum, last_on=last_on)
    services.set_terms(offer_ref=shop.offer.public_id, terms=terms, price=Money(1990, "EUR"), at=at)
    return shop


def opened(
    shop: Scene, *, size: int = 2, pay: bool = True, by: Person | None = None
) -> tuple[str, PlacedOrder]:
    """A new group, its opener in it; its ref and the opener's order."""
    placed = shop.order(ask=Ask(size=size), by=by)
    if pay:
        shop.money_arrives(placed)
    place = queries.place_of(placed.order_ref)
    assert place is not None
    return place.group.ref, placed


def joined(
    shop: Scene, group_ref: str, *, by: Person | None = None, pay: bool = True, at: datetime | None = None
) -> PlacedOrder:
    """Somebody else's order in the group."""
    placed = shop.order(ask=Ask(group_ref=group_ref), by=by or people.person(), at=at)
    if pay:
        assert shop.money_arrives(placed, at=at) == "paid"
    return placed


def opened_by(shop: Scene, *, at: datetime) -> str:
    """A group of two with the scene's shopper in it, of a second deal of the shop; its ref."""
    offer = catalog.offer(store=shop.store, at=at, price=1990)
    steps = (PriceStep(2, Money(1590, "EUR")),)
    services.set_terms(offer_ref=offer.public_id, terms=Terms(steps=steps), price=Money(1990, "EUR"), at=at)
    return opened(replace(shop, offer=offer, at=at))[0]
