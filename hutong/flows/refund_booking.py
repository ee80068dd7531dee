"""What a refund moves in the books once its provider has sent it, and where the money came back after that."""

from datetime import datetime

from hutong.flows import stored_value
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import entries
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.orders import queries as orders_read
from hutong.pay.payments.types import RefundView


def book(refund: RefundView, merchant_ref: str, at: datetime) -> None:
    """Money for named units was not yet redeemed; money without units lay in suspense.

    What the platform had put into the units' price goes back to it.
    """
    if stored_value.book_card_refund(refund, at):
        return
    if refund.unit_refs:
        kind, account, owner = TransactionKind.REFUND, AccountKind.UNREDEEMED, merchant_ref
    else:
        kind, account, owner = TransactionKind.SUSPENSE_OUT, AccountKind.SUSPENSE, refund.provider
    units = orders_read.units(list(refund.unit_refs)) if refund.unit_refs else ()
    promoted = sum((unit.discount_platform for unit in units), Money(0, refund.amount.unit))
    transfers = [TransferSpec(account, owner, AccountKind.CLEARING, refund.provider, refund.amount)]
    if promoted:
        transfers.append(TransferSpec(account, owner, AccountKind.PROMOTION, PLATFORM, promoted))
    post(kind=kind, reference=f"refund:{refund.ref}", transfers=transfers, at=at)


def book_back(refund: RefundView, at: datetime) -> None:
    """The money that had gone is with the provider again: exactly what was booked when it went, the other way round."""
    gone = entries(f"refund:{refund.ref}")
    transfers = [
        TransferSpec(each.to_kind, each.to_owner, each.from_kind, each.from_owner, each.amount)
        for each in gone
    ]
    kind = TransactionKind.REFUND_RETURNED
    post(kind=kind, reference=f"refund_returned:{refund.ref}", transfers=transfers, at=at)
