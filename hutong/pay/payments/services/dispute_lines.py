"""Lines of a bill that are about a dispute of ours: money that a bank took back through the provider, or gave again."""

from dataclasses import replace

from hutong.kernel.money import Money
from hutong.pay.payments.models import Dispute
from hutong.pay.payments.types import Bill, BillLine, DisputeStatus, OurMoney


def with_disputes(provider: str, bill: Bill) -> tuple[Bill, dict[str, OurMoney]]:
    """The bill with our references on its disputes, which providers know by their own number; and what we have of them.

    What the provider keeps for a dispute is booked with the dispute, so that it is no fee of the line.
    """
    numbers = {line.provider_ref for line in bill.lines if not line.refund_ref} - {""}
    known = {
        row.provider_ref: row for row in Dispute.objects.filter(provider=provider, provider_ref__in=numbers)
    }
    if not known:
        return bill, {}
    ours: dict[str, OurMoney] = {}
    lines = []
    for line in bill.lines:
        row = known.get(line.provider_ref)
        if row is None or line.refund_ref:
            lines.append(line)
            continue
        own = dispute_money(row, came_back=line.amount.minor > 0)
        ours[own.ref] = own
        lines.append(_named(line, own.ref))
    return replace(bill, lines=tuple(lines)), ours


def dispute_money(row: Dispute, *, came_back: bool) -> OurMoney:
    """What we have of a dispute: what left when it was opened, or what came again when it was won."""
    amount = Money(row.amount, row.unit)
    if came_back:
        return OurMoney(f"{row.public_id}:back", -amount, done=row.status == DisputeStatus.WON)
    return OurMoney(row.public_id, amount, done=True)


def _named(line: BillLine, ref: str) -> BillLine:
    return replace(line, refund_ref=ref, amount=-line.amount, fee=Money(0, line.fee.unit))
