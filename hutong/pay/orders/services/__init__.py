"""Writes of `orders`. Each joins the caller's transaction without a savepoint: when one raises, all is lost.

`by` is the public id of whoever does it, or the name of the job that does.
"""

from hutong.pay.orders.services.errors import (
    ClientKeyReused,
    OrderMoved,
    OrderUnknown,
    SellerUnknown,
    UnitsNotSold,
    UnitsNotUsed,
)
from hutong.pay.orders.services.placing import place_order
from hutong.pay.orders.services.states import (
    cancel_order,
    expire_order,
    lock_order,
    mark_paid,
    note_late_payment_returned,
)
from hutong.pay.orders.services.units import (
    lock_units,
    mark_units_refunded,
    mark_units_unused,
    mark_units_used,
)

__all__ = [
    "ClientKeyReused",
    "OrderMoved",
    "OrderUnknown",
    "SellerUnknown",
    "UnitsNotSold",
    "UnitsNotUsed",
    "cancel_order",
    "expire_order",
    "lock_order",
    "lock_units",
    "mark_paid",
    "mark_units_refunded",
    "mark_units_unused",
    "mark_units_used",
    "note_late_payment_returned",
    "place_order",
]
