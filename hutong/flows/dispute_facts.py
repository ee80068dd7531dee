"""What we can tell a bank about a disputed order by ourselves."""

from datetime import datetime

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.kernel.text import pick
from hutong.pay.orders import queries as orders_read
from hutong.pay.payments import services as payments
from hutong.pay.payments.types import DisputeView
from hutong.visit.vouchers import queries as vouchers_read


def facts_of(dispute: DisputeView) -> str:
    """What we know by ourselves, in words a bank can read: the order, its uses and refunds, and the terms shown.

    Nothing of the shopper but three digits of the phone.
    """
    order = orders_read.order_view(dispute.order_ref)
    if order is None:
        return ""

    def when(at: datetime | None) -> str:
        return f"{clock.local(at, order.zone):%Y-%m-%d %H:%M} ({order.zone})" if at else "-"

    def amount(paid: Money) -> str:
        return f"{paid.major_text} {paid.unit}"

    lines = [
        f"Order {order.order_ref} at {pick(order.merchant_names, 'en')}, paid {when(order.paid_at)}, "
        f"total {amount(order.total)}, by the shopper with the phone {order.masked_phone}.",
        f"Placed {when(order.created_at)}; the total and the terms were shown before payment, and the phone was "
        "proved by a one-time code.",
    ]
    made = {
        use.unit_ref: (voucher, use)
        for voucher in vouchers_read.vouchers_of_order(dispute.order_ref, at=dispute.opened_at)
        for use in voucher.uses
    }
    actors = vouchers_read.redeemed_by(list(made))
    for line in order.lines:
        lines.append(f"{line.quantity} x {pick(line.titles, 'en')}, {amount(line.total)}.")
        for unit in line.units:
            voucher, use = made.get(unit.unit_ref, (None, None))
            if use is not None and use.redeemed_at:
                where = pick(use.store_names or {}, "en")
                lines.append(
                    f"- {amount(unit.paid)}: used {when(use.redeemed_at)} in the shop {where}, scanned by "
                    f"{actors.get(unit.unit_ref, 'its staff')}."
                )
            elif unit.refunded_at:
                lines.append(f"- {amount(unit.paid)}: refunded {when(unit.refunded_at)}.")
            elif voucher is not None:
                lines.append(
                    f"- {amount(unit.paid)}: not used; could be refunded at any time until {when(voucher.valid_until)}, "
                    "and the shopper did not ask for it."
                )
    return "\n".join(lines)[: payments.DISPUTE_TEXT_LIMIT]
