"""Vouchers whose money is in dispute: nothing of them is used until it is known who has it."""

from datetime import datetime

from hutong.visit.vouchers.models import Voucher


def block(*, order_ref: str, at: datetime) -> list[str]:
    """No voucher of an order is redeemed from now on; the refs of those it concerns. Again: the same, and no change."""
    mine = Voucher.objects.filter(order_ref=order_ref).order_by("pk")
    mine.filter(blocked_at=None).update(blocked_at=at)
    return list(mine.values_list("public_id", flat=True))


def unblock(*, order_ref: str) -> list[str]:
    """The vouchers of an order are good again, as far as their time goes; the refs of those it concerns."""
    mine = Voucher.objects.filter(order_ref=order_ref).order_by("pk")
    mine.update(blocked_at=None)
    return list(mine.values_list("public_id", flat=True))
