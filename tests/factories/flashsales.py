"""Flash sales for tests: a deal of a scene, sold now, with a line in front of its checkout."""

from __future__ import annotations

from datetime import datetime, timedelta

from hutong.pay.flashsales import services
from hutong.pay.flashsales.types import SaleView
from tests.factories import people
from tests.factories.loop import Scene

LASTS = timedelta(hours=2)


def flash_sale(
    shop: Scene,
    *,
    at: datetime,
    places: int | None = 1,
    minutes: int = 5,
    starts_in: timedelta = timedelta(minutes=-1),
) -> SaleView:
    """The deal of `shop` as a flash sale; it began a minute ago, unless it is said otherwise."""
    return services.set_up(
        offer_ref=shop.offer.public_id,
        starts_at=at + starts_in,
        ends_at=at + starts_in + LASTS,
        places=places,
        minutes=minutes,
        by=people.person(),
        at=at,
    )
