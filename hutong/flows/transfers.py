"""Payouts that a provider sends: asked of it once, asked about until they ended, and told to the merchant."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from hutong.flows.notify import money, notify
from hutong.pay.payments import services as payments
from hutong.pay.payments.providers.registry import senders
from hutong.pay.payments.types import ReportStatus, TransferReport, TransferRequest
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import PayoutState, PayoutView
from hutong.town.notifications.types import Kind

PLATFORM = "platform"


def through(unit: str) -> dict[str, str]:
    """Which provider sends money in `unit` to which kind of account, with the keys this site has."""
    return senders(unit)


def run(*, at: datetime) -> int:
    """Ask for what left and was not asked for, send and ask again what is due, and record what ended; how many ended.

    Safe in several workers at once. Never inside a transaction: providers are asked.
    """
    for payout in queries.payouts_to_hand_over():
        with transaction.atomic():
            payments.ask_for_transfer(
                provider=payout.via,
                request=TransferRequest(
                    payout.ref,
                    payout.amount,
                    payout.details.number,
                    payout.details.holder,
                    settings.HUTONG_SITE_NAME,
                ),
                at=at,
            )
            services.handed_over(payout_ref=payout.ref)
    ended = payments.send_transfers(at=at)
    for report in ended:
        _record(report, at)
    return len(ended)


def tell(payout: PayoutView, *, at: datetime) -> None:
    """Tell the merchant that a payout arrived or came back, each once."""
    _tell(payout, arrived=payout.state is PayoutState.PAID, at=at)


def _tell(payout: PayoutView, *, arrived: bool, at: datetime) -> None:
    notify(
        Kind.PAYOUT_PAID if arrived else Kind.PAYOUT_BOUNCED,
        at=at,
        merchant_ref=payout.merchant_ref,
        subject_ref=payout.ref,
        params={
            "amount": money(payout.amount),
            "account": payout.details.masked,
            "reason": payout.reason,
            "payout_ref": payout.ref,
        },
        once=payout.ref,
    )


def _record(report: TransferReport, at: datetime) -> None:
    """Book how a transfer ended. One that was given up, and sent by somebody who had stood still, is booked as sent."""
    ref = report.transfer_ref
    with transaction.atomic():
        if not payments.record_transfer(report=report, at=at):
            return  # somebody else did
        if report.status is not ReportStatus.DONE:
            reason = report.reason or "failed"
            found = services.mark_bounced(payout_ref=ref, reason=reason, by=PLATFORM, at=at, of_provider=True)
            tell(found, at=at)
            return
        known = queries.payout(ref)
        if known is not None and known.state is PayoutState.BOUNCED:  # it was given up
            found = services.paid_after_all(payout_ref=ref, by=PLATFORM, at=at)
        else:
            found = services.confirm_paid(payout_ref=ref, by=PLATFORM, at=at, of_provider=True)
        _tell(found, arrived=True, at=at)
