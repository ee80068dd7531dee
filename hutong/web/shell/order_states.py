"""The states of orders as chips above a list of them, for shops and operators alike."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from hutong.pay.orders.types import OrderState

# In the order in which they are looked for; "" is every state.
LABELS = {
    "": _("All"),
    OrderState.PAID: _("Paid"),
    OrderState.AWAITING_PAYMENT: _("Waiting for payment"),
    OrderState.PARTLY_REFUNDED: _("Partly refunded"),
    OrderState.REFUNDED: _("Refunded"),
    OrderState.EXPIRED: _("Not paid in time"),
    OrderState.CANCELLED: _("Cancelled"),
}


def state_chips(current: str, address: Callable[[str], str]) -> list[dict[str, Any]]:
    """A chip for each state, the `current` one marked; `address` says where the list of a state is."""
    return [
        {"url": address(state), "label": label, "current": current == state}
        for state, label in LABELS.items()
    ]
