"""What similar deals nearby cost, as advice to who makes one."""

from typing import Any

from hutong.flows import price_check
from hutong.flows.offers.body import terms_of_body
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.town.catalog.types import SketchView
from hutong.town.merchants.types import StoreView
from hutong.web.shell.price_strip import strip_of


def market_of(
    sketch: SketchView, stores: dict[str, StoreView], *, price: int, list_price: int, unit: str
) -> dict[str, Any]:
    """The prices beside those nearby the first store of a draft; nothing while it has none."""
    store = next((stores[ref] for ref in sketch.body["stores"] if ref in stores), None)
    if store is None:
        return {"market": False}
    terms = terms_of_body(sketch.body)
    check = price_check.check(
        price=Money(price, unit),
        list_price=Money(list_price, unit),
        uses=terms.uses,
        kind=terms.kind,
        store=store,
        offer_ref=sketch.offer_ref,
        at=clock.now(),
    )
    return {"market": check is not None, "strip": strip_of(check)}
