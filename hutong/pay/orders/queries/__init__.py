"""Reads of `orders`."""

from hutong.pay.orders.queries.bought import bought_before, bought_categories
from hutong.pay.orders.queries.charged import charged
from hutong.pay.orders.queries.checks import all_refs, all_unit_refs, merchant_of_orders, problems, unredeemed
from hutong.pay.orders.queries.discounts import discounts_of
from hutong.pay.orders.queries.everything import everything_about, standing_of
from hutong.pay.orders.queries.figures import (
    counts_by_state,
    figures,
    sold_by_offer,
    takings,
)
from hutong.pay.orders.queries.of_merchant import merchant_orders
from hutong.pay.orders.queries.spans import breakdown, compared, no_figures, order_steps, steps
from hutong.pay.orders.queries.views import (
    order_facts,
    order_list,
    order_view,
    orders_of,
    orders_to_expire,
    placed_with_key,
    points_of,
    quote_of,
    sold_unit,
    unit_offers,
    units,
    units_of,
)
from hutong.pay.orders.queries.worth import paid_for

__all__ = [
    "all_refs",
    "all_unit_refs",
    "bought_before",
    "bought_categories",
    "breakdown",
    "charged",
    "compared",
    "counts_by_state",
    "discounts_of",
    "everything_about",
    "figures",
    "merchant_of_orders",
    "merchant_orders",
    "no_figures",
    "order_facts",
    "order_list",
    "order_steps",
    "order_view",
    "orders_of",
    "orders_to_expire",
    "paid_for",
    "placed_with_key",
    "points_of",
    "problems",
    "quote_of",
    "sold_by_offer",
    "sold_unit",
    "standing_of",
    "steps",
    "takings",
    "unit_offers",
    "units",
    "units_of",
    "unredeemed",
]
