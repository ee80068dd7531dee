"""What a paid order gives back before anything was made of it: its place in the group, and the stock it holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from hutong.flows.groups import places
from hutong.visit.stock import services as stock
from hutong.visit.vouchers.types import Released


class WaitingFulfilment:
    """The part of `Fulfilment` that a refund asks for, of an order that waits for its group. All of it goes back."""

    def refundable(self, *, unit_refs: Sequence[str], at: datetime) -> dict[str, bool]:
        """All of them: nothing was enjoyed, and whoever waits may leave."""
        return dict.fromkeys(unit_refs, True)

    def give_back(
        self, *, order_ref: str, units: Mapping[str, str], at: datetime, used_too: bool = False
    ) -> Released:
        """The place is free again, and so is the stock."""
        places.left(order_ref)
        stock.call_off(order_ref=order_ref, at=at)
        return Released(voucher_refs=(), used=())
