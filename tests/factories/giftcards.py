"""Gift cards for tests, given by an operator as on the site."""

from __future__ import annotations

from datetime import UTC, datetime

from hutong.kernel.money import Money
from hutong.pay.giftcards import services
from hutong.pay.giftcards.types import IssuedCard
from hutong.town.people.models import Person
from hutong.town.regions.models import Region
from tests.factories import people, regions

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)


def card(
    minor: int = 2000,
    *,
    holder: Person | None = None,
    region: Region | None = None,
    by: Person | None = None,
    at: datetime = NOON,
) -> IssuedCard:
    """A card with so many cents on it: somebody's, or with a code for whoever has it."""
    where = region or Region.objects.first() or regions.region()
    return services.issue(
        amount=Money(minor, where.currency),
        region_id=where.pk,
        reason="a late delivery",
        holder=holder,
        by=by or people.operator(),
        at=at,
    )
