"""Reads of `orders`."""

from hutong.pay.orders.queries.checks import problems
from hutong.pay.orders.queries.figures import daily, figures, hourly, takings
from hutong.pay.orders.queries.views import (
    order_facts,
    order_list,
    order_view,
    orders_of,
    orders_to_expire,
    placed_with_key,
    sold_unit,
    units,
    units_of,
)

__all__ = [
    "daily",
    "figures",
    "hourly",
    "order_facts",
    "order_list",
    "order_view",
    "orders_of",
    "orders_to_expire",
    "placed_with_key",
    "problems",
    "sold_unit",
    "takings",
    "units",
    "units_of",
]
