"""Stripe's disputes: chargebacks in our words, and their answers. Inquiries (`warning_*`) move no money and are left to
Stripe's Dashboard.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from hutong.kernel.money import Money
from hutong.pay.payments.providers.errors import OutcomeUnknown
from hutong.pay.payments.providers.stripe.amounts import from_stripe
from hutong.pay.payments.providers.stripe.calls import Calls
from hutong.pay.payments.providers.stripe.reports import intent_ref
from hutong.pay.payments.types import DisputeReport, DisputeStatus, Evidence

DISPUTES = "/v1/disputes"
EVENTS = frozenset(
    f"charge.dispute.{name}"
    for name in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
# The fields of a dispute's evidence that take a document, in the order in which ours go there.
_FILES = ("service_documentation", "receipt", "customer_communication", "uncategorized_file")
# An appeal is written in Stripe's Dashboard: here it only is not known yet how the dispute ends.
_STATUS = {status.value: status for status in DisputeStatus} | {
    "appeal_needs_response": DisputeStatus.UNDER_REVIEW,
    "appeal_under_review": DisputeStatus.UNDER_REVIEW,
}
# Ended without a formal chargeback, by the network or by Stripe: only what moved says who has the money.
_PREVENTED = "prevented"
_OTHER_SHAPE = (KeyError, TypeError, ValueError, AttributeError)
log = logging.getLogger(__name__)


def dispute_report(dispute: Mapping[str, Any]) -> DisputeReport | None:
    """A dispute in our words; None for an inquiry, and in a status that Stripe had not when this was written.

    KeyError, TypeError, ValueError, AttributeError on another shape.

    The payment is named by its intent alone. The fee is what the balance transactions so far add up to, in the
    currency of the account: a reversal gives it back, where Stripe does.
    """
    status = str(dispute["status"])
    if status.startswith("warning_"):
        return None
    moved = dispute.get("balance_transactions") or []
    unit = str(dispute["currency"])
    if status == _PREVENTED:
        gone = sum(int(each["amount"]) for each in moved) < 0
        status = (DisputeStatus.LOST if gone else DisputeStatus.WON).value
    if status not in _STATUS:
        log.warning("%s passed over: its status %.40r is not known", dispute["id"], status)
        return None
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeReport(
        provider_ref=_text(dispute["id"]),
        payment_ref="",
        payment_provider_ref=intent_ref(dict(dispute)),
        amount=from_stripe(dispute["amount"], unit),
        fee=_fee(moved) or Money(0, unit.upper()),
        reason=str(dispute.get("reason") or ""),
        status=_STATUS[status],
        due_at=datetime.fromtimestamp(int(due_by), UTC) if due_by else None,
    )


def _fee(moved: Sequence[Mapping[str, Any]]) -> Money | None:
    """What Stripe keeps by now; None where that is nothing. An account has its fees in one currency."""
    sums: dict[str, int] = {}
    for each in moved:
        sums[str(each["currency"])] = sums.get(str(each["currency"]), 0) + int(each["fee"])
    kept = [from_stripe(fee, unit) for unit, fee in sums.items() if fee > 0]
    if len(kept) > 1:
        raise ValueError("fees in two currencies")
    return kept[0] if kept else None


class StripeDisputes:
    """What `Disputes` promises. `payment_ref_of` finds our reference of a payment intent."""

    _calls: Calls

    def _payment_ref_of(self) -> Callable[[str], str]:
        raise NotImplementedError

    def fetch_disputes(self, *, since: datetime) -> list[DisputeReport]:
        """See `Disputes.fetch_disputes`. One that cannot be read keeps none of the others from being told."""
        payment_ref_of = self._payment_ref_of()
        found = self._calls.all(DISPUTES, query={"created[gte]": int(since.timestamp())})
        reports = []
        for dispute in reversed(list(found)):
            try:
                report = dispute_report(dispute)
            except _OTHER_SHAPE as error:
                log.warning("%.60r passed over: %r", dispute.get("id"), error)
                continue
            if report is not None:
                ours = payment_ref_of(report.payment_provider_ref)
                reports.append(replace(report, payment_ref=ours))
        return reports

    def submit_evidence(self, *, key: str, provider_ref: str, evidence: Evidence) -> DisputeReport:
        """See `Disputes.submit_evidence`. Documents are uploaded first, each once for its key."""
        form: dict[str, str | int] = {"evidence[uncategorized_text]": evidence.text, "submit": "true"}
        for number, (field, file) in enumerate(zip(_FILES, evidence.files, strict=False)):
            made = self._calls.upload(
                key=f"{key}-file-{number}",
                name=file.name,
                content_type=file.content_type,
                content=file.content,
            )
            form[f"evidence[{field}]"] = _text(made.get("id"))
        return self._answered(
            self._calls.post(f"{DISPUTES}/{quote(provider_ref, safe='')}", key=key, form=form)
        )

    def accept_dispute(self, *, key: str, provider_ref: str) -> DisputeReport:
        """See `Disputes.accept_dispute`."""
        return self._answered(self._calls.post(f"{DISPUTES}/{quote(provider_ref, safe='')}/close", key=key))

    def _answered(self, dispute: dict[str, Any]) -> DisputeReport:
        try:
            report = dispute_report(dispute)
        except _OTHER_SHAPE as error:
            raise OutcomeUnknown from error
        if report is None:
            raise OutcomeUnknown
        return replace(report, payment_ref=self._payment_ref_of()(report.payment_provider_ref))


def _text(value: object) -> str:
    if not (isinstance(value, str) and value):
        raise ValueError(f"no id: {value!r}")
    return value
