"""Groups whose orders are names alone, for tests of their places."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import count

from hutong.kernel.money import Money
from hutong.pay.groups import services
from hutong.pay.groups.models import GroupTerms
from hutong.pay.groups.types import PriceStep, Terms
from hutong.town.people.models import Person
from tests.factories import merchants, people

OFFER = "off_group"
LASTS = timedelta(days=1)
_orders = count(1)


def opened(at: datetime, *, size: int = 2, fill: int = 0) -> str:
    """A group that ends a day after `at`; its ref."""
    step = PriceStep(size, Money(1590, "EUR"))
    return services.open_group(
        terms_id=_terms(Terms(steps=(step,), fill=fill), at),
        step=step,
        fill=fill,
        merchant_id=merchants.merchant().pk,
        deadline=at + LASTS,
        at=at,
    )


def campaign(at: datetime, *, minimum: int = 2) -> partial[str]:
    """What the first buyer of a campaign calls; it ends a day after `at`."""
    return partial(
        services.open_campaign,
        terms_id=_terms(Terms(minimum=minimum, last_on=at.date()), at),
        minimum=minimum,
        merchant_id=merchants.merchant().pk,
        deadline=at + LASTS,
        at=at,
    )


def holds(group_ref: str, at: datetime, *, by: Person | None = None) -> str:
    """Somebody's order that holds a place; its ref."""
    order_ref = f"ord_{next(_orders)}"
    person = by or people.person()
    services.take(group_ref=group_ref, order_ref=order_ref, person_id=person.pk, at=at)
    return order_ref


def _terms(terms: Terms, at: datetime) -> int:
    services.set_terms(offer_ref=OFFER, terms=terms, price=Money(1990, "EUR"), at=at)
    return GroupTerms.objects.get(offer_ref=OFFER).pk
