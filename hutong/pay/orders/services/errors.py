"""What the services of `orders` refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, NotFound


class OrderUnknown(NotFound):
    """There is no such order, or it is somebody else's."""

    code = "order_unknown"
    message = _("There is no such order.")


class SellerUnknown(NotFound):
    """The merchant is not there, or the store is not the merchant's."""

    code = "seller_unknown"
    message = _("This shop does not sell here.")


class ClientKeyReused(Conflict):
    """The key of this click already stands for an order with another content."""

    code = "client_key_reused"
    message = _("This page was already used for another order. Please start again from the deal.")


class OrderMoved(Conflict):
    """The order is not in the state the step starts from; nothing was changed."""

    code = "order_moved"
    message = _("This order has changed meanwhile. Please look at it again.")


class UnitsNotSold(Conflict):
    """Not every unit is sold and unused; none was changed."""

    code = "units_not_sold"
    message = _("This was already used or refunded.")


class UnitsNotUsed(Conflict):
    """Not every unit is used; none was changed."""

    code = "units_not_used"
    message = _("This is not used, so there is nothing to undo.")
