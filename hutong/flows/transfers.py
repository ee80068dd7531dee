"""Payouts that a provider sends: asked of it once, asked about until they ended, and told to the merchant."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext, gettext_noop, override

from hutong.flows.alarms import isolated
from hutong.flows.notify import money, notify
from hutong.kernel import clock, outbox
from hutong.pay.payments import services as payments
from hutong.pay.payments.providers.registry import least_sent, senders
from hutong.pay.payments.types import ReportStatus, TransferReport, TransferRequest
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.types import ACCOUNT_CHANGED, PayoutState, PayoutView
from hutong.town.notifications.types import Kind

PLATFORM = "platform"
JOB = "send_transfers"
_CHANGED = gettext_noop("the account was changed before it was sent")


def through(unit: str) -> dict[str, str]:
    """Which provider sends money in `unit` to which kind of account, with the keys this site has."""
    return senders(unit)


def least(unit: str) -> dict[str, int]:
    """The least that is sent to each kind of account in `through`, in minor units of `unit`."""
    return least_sent(unit)


def run_soon(*, at: datetime) -> None:
    """Have a worker send what has left by a provider, within a second or two; lost, the clock does it all the same."""
    if queries.payouts_to_hand_over(limit=1):
        outbox.send(JOB, at=at)


def run_now() -> None:
    """The job behind `run_soon`. Where jobs run inside a transaction, it waits until that is over."""
    transaction.on_commit(lambda: run(at=clock.now()))


def account_changed(*, merchant_ref: str, at: datetime) -> None:
    """The merchant is paid to another account from now on, in the caller's transaction: what waits is looked at now."""
    on_their_way = queries.on_their_way([merchant_ref])
    payments.hurry_transfers(refs=[each.ref for each in on_their_way if each.via], at=at)


def run(*, at: datetime) -> int:
    """Ask for what left and was not asked for, send and ask again what is due, and record what ended; how many ended.

    What waits for an account that the merchant has replaced is not sent, and owed again.
    Safe in several workers at once. Never inside a transaction: providers are asked.
    """
    for payout in queries.payouts_to_hand_over():
        with isolated("transfers", payout.ref, at=at), transaction.atomic():
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
    ended = payments.send_transfers(
        at=at, why_not=_why_not, each=lambda ref: isolated("transfers", ref, at=at)
    )
    for report in ended:
        with isolated("transfers", report.transfer_ref, at=at):
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
            "reason": _in_words(payout.reason),
            "payout_ref": payout.ref,
        },
        once=payout.ref,
    )


def _why_not(payout_ref: str) -> str:
    return ACCOUNT_CHANGED if queries.account_was_changed(payout_ref) else ""


def _in_words(reason: str) -> str | dict[str, str]:
    """A reason of ours in each language; what a bank, a provider or an operator wrote as it is."""
    if reason != ACCOUNT_CHANGED:
        return reason
    found = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            found["zh-Hans" if code.startswith("zh") else code] = gettext(_CHANGED)
    return found


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
