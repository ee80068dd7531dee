"""Reads of gifts: for whoever gave, and for whoever has the link."""

from datetime import datetime

from hutong.town.people.models import Person
from hutong.visit.vouchers.models import Gift
from hutong.visit.vouchers.types import GiftView, VoucherState


def view(gift: Gift, *, token: str, at: datetime | None) -> GiftView:
    """A gift as it is shown; `token` while its link is good."""
    voucher = gift.voucher
    is_open = gift.claimed_at is None and gift.taken_back_at is None
    ready = voucher.state == VoucherState.READY.value and voucher.blocked_at is None
    return GiftView(
        ref=gift.public_id,
        token=token if is_open else "",
        voucher_ref=voucher.public_id,
        giver_ref=gift.giver.public_id,
        giver_name=gift.giver.name,
        message=gift.message,
        titles=voucher.titles,
        merchant_names=voucher.merchant.names,
        valid_until=voucher.valid_until,
        zone=voucher.merchant.region.zone,
        givable=is_open and ready and (at is None or voucher.valid_until > at),
        claimed_at=gift.claimed_at,
        claimed_by_ref=gift.claimed_by.public_id if gift.claimed_by else None,
        taken_back_at=gift.taken_back_at,
    )


def found(giver: Person | None = None, **which: str) -> Gift | None:
    """The newest gift of these; of `giver` alone where one is given. One statement."""
    every = Gift.objects.select_related("voucher__merchant__region", "giver", "claimed_by").filter(**which)
    if giver:
        every = every.filter(giver=giver)
    return every.order_by("-pk").first()
