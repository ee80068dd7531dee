"""Calls to the sandbox: JSON over HTTP with connections kept open."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import httpx

from hutong.kernel.money import Money
from hutong.pay.payments.providers.connections import LIMITS, NOT_SENT
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.sandbox import webhook
from hutong.pay.payments.types import (
    Bill,
    BillLine,
    BookRow,
    DisputeReport,
    Event,
    Evidence,
    PaymentReport,
    RefundReport,
    RefundRequest,
    ReportStatus,
    Started,
    StartRequest,
)


class SandboxProvider:
    """The sandbox as a `Provider`. Safe to share between threads."""

    name = "sandbox"
    acknowledgement: str | None = None

    def __init__(self, *, url: str, secret: str, timeout_s: float) -> None:
        self._secret = secret
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"authorization": f"Bearer {secret}"},
            timeout=timeout_s,
            limits=LIMITS,
            trust_env=False,
        )

    @staticmethod
    def least(unit: str) -> int:  # noqa: ARG004 - the same in every currency
        """See `Provider.least`."""
        return 1

    def check(self) -> tuple[str, ...]:
        """See `Provider.check`."""
        self._call("GET", "/v1/books?after=0")
        return ()

    def start(self, request: StartRequest) -> Started:
        """See `Provider.start`."""
        body = {
            "reference": request.payment_ref,
            "amount": request.amount.minor,
            "currency": request.amount.unit,
            "return_url": request.return_url,
            "payee": request.payee,
            "description": request.description,
            "language": request.language,
            "expires_at": request.expires_at.isoformat() if request.expires_at else None,
        }
        data = self._call("POST", "/v1/payments", key=request.key, body=body)
        return Started(provider_ref=data["id"], redirect_url=data["page_url"])

    def query(self, *, payment_ref: str, provider_ref: str | None) -> PaymentReport:
        """See `Provider.query`."""
        data = self._call("GET", f"/v1/payments/{payment_ref}", absent=True)
        return webhook.payment_report(data) if data else PaymentReport(payment_ref, ReportStatus.ABSENT)

    def close(
        self,
        *,
        payment_ref: str,
        provider_ref: str | None,
        key: str,
    ) -> PaymentReport:
        """See `Provider.close`."""
        data = self._call("POST", f"/v1/payments/{payment_ref}/close", key=key, body={}, absent=True)
        return webhook.payment_report(data) if data else PaymentReport(payment_ref, ReportStatus.ABSENT)

    def refund(self, request: RefundRequest) -> RefundReport:
        """See `Provider.refund`."""
        body = {
            "payment_reference": request.payment_ref,
            "reference": request.refund_ref,
            "amount": request.amount.minor,
            "currency": request.amount.unit,
            "reason": request.reason,
        }
        return webhook.refund_report(self._call("POST", "/v1/refunds", key=request.key, body=body))

    def query_refund(self, *, refund_ref: str, payment_ref: str, provider_ref: str | None) -> RefundReport:
        """See `Provider.query_refund`."""
        data = self._call("GET", f"/v1/refunds/{refund_ref}", absent=True)
        return webhook.refund_report(data) if data else RefundReport(refund_ref, ReportStatus.ABSENT)

    def fetch_disputes(self, *, since: datetime) -> list[DisputeReport]:
        """See `Disputes.fetch_disputes`."""
        moment = quote(since.astimezone(UTC).isoformat())
        return [
            webhook.dispute_report(row) for row in self._call("GET", f"/v1/disputes?since={moment}")["rows"]
        ]

    def submit_evidence(self, *, key: str, provider_ref: str, evidence: Evidence) -> DisputeReport:
        """See `Disputes.submit_evidence`. The sandbox counts documents and keeps none."""
        files = [{"name": file.name, "content_type": file.content_type} for file in evidence.files]
        body = {"text": evidence.text, "files": files}
        data = self._call("POST", f"/v1/disputes/{provider_ref}/evidence", key=key, body=body)
        return webhook.dispute_report(data)

    def accept_dispute(self, *, key: str, provider_ref: str) -> DisputeReport:
        """See `Disputes.accept_dispute`."""
        data = self._call("POST", f"/v1/disputes/{provider_ref}/accept", key=key, body={})
        return webhook.dispute_report(data)

    def parse_webhook(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
        """See `Provider.parse_webhook`."""
        return webhook.parse(secret=self._secret, headers=headers, body=body, at=at)

    def fetch_books(self) -> Iterator[BookRow]:
        """See `OpenBooks.fetch_books`."""
        return map(_book_row, self._pages("/v1/books?"))

    def fetch_bill(self, *, on: date) -> Bill:
        """See `Provider.fetch_bill`. A day is one of UTC, and the sandbox keeps no fee."""
        return Bill(tuple(_bill_line(row) for row in self._pages(f"/v1/bill?on={on.isoformat()}&")))

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        after = 0
        while after is not None:
            page = self._call("GET", f"{path}after={after}")
            yield from page["rows"]
            after = page["next"]

    def _call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        body: dict[str, Any] | None = None,
        absent: bool = False,
    ) -> Any:
        headers = {"idempotency-key": key} if key else {}
        try:
            answer = self._send(method, path, headers, body)
        except NOT_SENT as error:
            raise ProviderUnavailable from error
        except httpx.TransportError as error:
            raise OutcomeUnknown from error
        if answer.status_code == 404 and absent:
            return None
        if answer.status_code == 429:
            raise ProviderUnavailable
        if answer.status_code >= 500:
            raise OutcomeUnknown
        if answer.status_code >= 400:
            raise ProviderRefused(reason=answer.text[:200])
        try:
            return answer.json()
        except ValueError as error:
            raise OutcomeUnknown from error

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, headers=headers, json=body)
        except httpx.RemoteProtocolError:
            # A kept connection that the other side closed as we wrote. Every call is safe to repeat: it
            # has no effect, or a key.
            return self._http.request(method, path, headers=headers, json=body)


def _bill_line(row: dict[str, Any]) -> BillLine:
    unit = row["currency"]
    return BillLine(
        payment_ref=row["payment_reference"],
        refund_ref=row["refund_reference"],
        provider_ref=row["ref"],
        amount=Money(row["amount"], unit),
        fee=Money(0, unit),
        status="refund" if row["refund_reference"] else "payment",
        at=datetime.fromisoformat(row["at"]),
    )


def _book_row(row: dict[str, Any]) -> BookRow:
    paid = row["captured_currency"] is not None
    return BookRow(
        payment_ref=row["reference"],
        provider_ref=row["id"],
        captured=Money(row["captured"], row["captured_currency"]) if paid else None,
        refunded=row["refunded"],
        changed_at=datetime.fromisoformat(row["changed_at"]),
        disputed=row.get("disputed", 0),
    )
