"""A deal was looked at, or its checkout opened: counted for the funnel, without a statement and without a person."""

from datetime import datetime

from hutong.kernel.clock import local
from hutong.know.insight import services as insight
from hutong.know.insight.rules import is_machine
from hutong.know.insight.types import Step
from hutong.town.catalog.types import OfferView


def seen(*, offer: OfferView, agent: str, at: datetime) -> None:
    """Somebody whose browser calls itself `agent` looks at a deal, on the calendar day of its first shop."""
    _count(Step.SEEN, offer, agent, at)


def checkout_opened(*, offer: OfferView, agent: str, at: datetime) -> None:
    """Somebody opened the checkout of a deal."""
    _count(Step.CHECKOUT, offer, agent, at)


def _count(step: Step, offer: OfferView, agent: str, at: datetime) -> None:
    if offer.stores and not is_machine(agent):
        shop = offer.stores[0]
        day = local(at, shop.zone).date()
        insight.add(region_id=shop.region_id, day=day, offer_ref=offer.ref, step=step)
