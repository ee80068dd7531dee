"""Money to a merchant's account that is connected to ours (Stripe Connect), out of what Stripe holds for us.

Stripe finds a transfer by its group or by an id of Stripe's own, so the group is our reference, which no other has.
"""

from typing import Any

from hutong.kernel import ids
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused
from hutong.pay.payments.providers.stripe.amounts import to_stripe
from hutong.pay.payments.providers.stripe.calls import Calls, MayNot, Refusal
from hutong.pay.payments.providers.stripe.reports import metadata, transfer_report
from hutong.pay.payments.providers.stripe.rights import may_write
from hutong.pay.payments.types import ReportStatus, TransferReport, TransferRequest

TRANSFERS = "/v1/transfers"
# There is no such account that is connected to ours, or it may not be sent money. Anything else that Stripe says no to
# (too little on our balance, a border that money may not cross, a right) may be mended, and the same sent then.
_NEVER = {"resource_missing", "insufficient_capabilities_for_transfer"}
# Stripe keeps what a key was told for a day at least, in which one that waits is tried seven times.
_KEYS = 20
_TEXT_LIMIT = 250


class StripeTransfers:
    """What `Transfers` promises. `transfers_to` is empty where merchants are not paid at Stripe."""

    _calls: Calls
    transfers_to: frozenset[str]

    @staticmethod
    def least_transfer(unit: str) -> int:  # noqa: ARG004 - Stripe names none of a transfer
        """See `Transfers.least_transfer`."""
        return 1

    def transfer(self, request: TransferRequest) -> TransferReport:
        """See `Transfers.transfer`. FAILED also for an amount that Stripe cannot write."""
        ref = request.transfer_ref
        try:
            amount, currency = to_stripe(request.amount)
        except ProviderRefused as no:
            return TransferReport(ref, ReportStatus.FAILED, reason=str(no.details["reason"]))
        form: dict[str, str | int] = {
            "amount": amount,
            "currency": currency,
            "destination": request.account,
            "transfer_group": ref,
            "metadata[transfer_ref]": ref,
            "description": request.purpose[:_TEXT_LIMIT],
        }
        try:
            return _report(ref, self._sent(ref, form))
        except Refusal as no:
            if no.word in _NEVER:
                return TransferReport(ref, ReportStatus.FAILED, reason=no.word)
            if not no.word:
                raise
            raise ProviderRefused(reason=f"{no.word}: {no.said}") from no

    def query_transfer(self, *, transfer_ref: str) -> TransferReport:
        """See `Transfers.query_transfer`."""
        for made in self._calls.all(TRANSFERS, query={"transfer_group": transfer_ref}):
            if metadata(made, "transfer_ref") == transfer_ref:
                return _report(transfer_ref, made)
        return TransferReport(transfer_ref, ReportStatus.ABSENT)

    def doubts_of_transfers(self) -> tuple[str, ...]:
        """What keeps the key from sending money, in a sentence; payments are taken without it. Nothing is sent."""
        nobody: dict[str, str | int] = {"amount": 1, "currency": "eur", "destination": "acct_hutongdoctor"}
        try:
            self.query_transfer(transfer_ref=ids.new_id("try"))
            may = may_write(self._calls, TRANSFERS, nobody)
        except MayNot:
            may = False
        return () if may else ("this key may not pay merchants: Transfers write",)

    def _sent(self, ref: str, form: dict[str, str | int]) -> dict[str, Any]:
        """The transfer that is made with our reference as the key.

        Stripe tells a key its first no again and again, also when what was in the way is mended. That no is certain,
        nothing was sent with that key and nothing will be while it is kept: the next key is tried. All who send this
        transfer go through the same keys in the same order, so that it is made with one of them alone. A server error
        that Stripe keeps is not certain, and waits until the key is forgotten.
        """
        for number in range(1, _KEYS):
            try:
                return self._calls.post(TRANSFERS, key=_key(ref, number), form=form)
            except Refusal as no:
                if not no.replayed:
                    raise
        return self._calls.post(TRANSFERS, key=_key(ref, _KEYS), form=form)


def _key(ref: str, number: int) -> str:
    return ref if number == 1 else f"{ref}-{number}"


def _report(transfer_ref: str, made: dict[str, Any]) -> TransferReport:
    try:
        report = transfer_report(made)
    except (KeyError, TypeError, ValueError) as error:
        raise OutcomeUnknown from error
    if report.transfer_ref != transfer_ref:
        raise OutcomeUnknown
    return report
