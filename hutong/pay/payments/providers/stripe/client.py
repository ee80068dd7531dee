"""Stripe as a `Provider`: the shopper pays on a hosted Checkout page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from hutong.kernel import clock, ids
from hutong.kernel.clock import day_bounds
from hutong.pay.payments.providers.errors import BillNotReady, OutcomeUnknown, ProviderRefused
from hutong.pay.payments.providers.stripe import bill, webhook
from hutong.pay.payments.providers.stripe.amounts import from_stripe, least_charge, to_stripe
from hutong.pay.payments.providers.stripe.calls import Calls, SavedFailure
from hutong.pay.payments.providers.stripe.disputes import DISPUTES, StripeDisputes
from hutong.pay.payments.providers.stripe.endpoints import doubts_of_endpoint
from hutong.pay.payments.providers.stripe.reports import metadata, payment_report, refund_report
from hutong.pay.payments.providers.stripe.rights import check_rights
from hutong.pay.payments.providers.stripe.transfers import StripeTransfers
from hutong.pay.payments.types import (
    Bill,
    Event,
    PaymentReport,
    RefundReport,
    RefundRequest,
    ReportStatus,
    Started,
    StartRequest,
)

URL = "https://api.stripe.com"
SESSIONS, REFUNDS, BALANCE = "/v1/checkout/sessions", "/v1/refunds", "/v1/balance_transactions"

# A session cannot expire within half an hour of its making, so it ends this much after the order does: the order's
# end closes it. Reckoned from the order and not from the clock, so that a repeated start says the very same.
_LONGER = timedelta(minutes=31)
# Sessions and refunds have no field of ours to look them up by, so those made about when our reference was are read
# through. A payment is started within its order's time to pay; a refund may be sent much later.
_BEFORE, _SESSION_WITHIN = timedelta(minutes=10), timedelta(hours=3)
# Names that Checkout has for our languages; it finds out by itself for others.
_LOCALES = {"en": "en", "zh-hans": "zh", "zh-hant": "zh-TW", "fi": "fi", "sv": "sv", "de": "de", "fr": "fr"}
_TEXT_LIMIT = 250

T = TypeVar("T")


class StripeProvider(StripeDisputes, StripeTransfers):
    """Stripe. Safe to share between threads.

    `webhook_secrets` are the signing secrets of the endpoints that tell us, usually one (`whsec_...`); `notify_url` is
    the address that they are to have. `connect`: merchants have accounts that are connected to this one.
    """

    name = "stripe"
    acknowledgement: str | None = None

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secrets: Sequence[str],
        timeout_s: float,
        url: str = URL,
        notify_url: str = "",
        connect: bool = False,
    ) -> None:
        self._notify_url = notify_url
        self.transfers_to = frozenset({"stripe"} if connect else ())
        self._secrets = tuple(secret.strip() for secret in webhook_secrets)
        self._calls = Calls(url=url, secret_key=secret_key, timeout_s=timeout_s)

    @staticmethod
    def least(unit: str) -> int:
        """See `Provider.least`."""
        return least_charge(unit)

    def check(self) -> tuple[str, ...]:
        """See `Provider.check`. No call tells a signing secret: its endpoint is looked for, in the mode of the key."""
        if not any(self._secrets):
            raise ProviderRefused(reason="There is no signing secret for the webhooks of Stripe.")
        for path in (SESSIONS, REFUNDS, BALANCE, DISPUTES):
            page = self._calls.page(path, query={"limit": 1})
        apart_s = abs((clock.now() - page.at).total_seconds()) if page.at else 0
        if apart_s > webhook.TOLERANCE_S:
            raise ProviderRefused(
                reason=f"The clock of this machine and that of Stripe are {apart_s:.0f} s apart."
            )
        check_rights(self._calls)
        doubts = doubts_of_endpoint(self._calls, self._notify_url)
        return doubts + (self.doubts_of_transfers() if self.transfers_to else ())

    def start(self, request: StartRequest) -> Started:
        """See `Provider.start`. The provider's id is that of the Checkout Session."""
        try:
            return _started(self._calls.post(SESSIONS, key=request.key, form=_session_form(request)))
        except SavedFailure:
            found = self._find_session(request.payment_ref)
            if found is None or found.get("status") != "open":
                raise
            return _started(found)

    def query(self, *, payment_ref: str, provider_ref: str | None) -> PaymentReport:
        """See `Provider.query`."""
        session = self._session(payment_ref, provider_ref)
        if session is None:
            return PaymentReport(payment_ref, ReportStatus.ABSENT)
        return _payment(session)

    def close(self, *, payment_ref: str, provider_ref: str | None, key: str) -> PaymentReport:
        """See `Provider.close`. PENDING where the shopper has paid by a way that takes days: it cannot be stopped."""
        session = self._session(payment_ref, provider_ref)
        if session is None:
            return PaymentReport(payment_ref, ReportStatus.ABSENT)
        session_ref = _id(session)
        if session.get("status") == "open":
            try:
                session = self._calls.post(f"{SESSIONS}/{quote(session_ref, safe='')}/expire", key=key)
            except ProviderRefused:
                # The shopper was faster, or the time was over: what it is now is the answer.
                session = self._session(payment_ref, session_ref)
                if session is None or session.get("status") == "open":
                    raise
        return _payment(session)

    def refund(self, request: RefundRequest) -> RefundReport:
        """See `Provider.refund`. The key is our reference, so that one refund is one, whatever attempt asks."""
        session = self._session(request.payment_ref, request.provider_ref)
        intent = session.get("payment_intent") if session else None
        if not isinstance(intent, dict):
            raise ProviderRefused(reason="Nothing was paid, so nothing can be sent back.")
        intent_id = _id(intent)
        for made in self._calls.all(REFUNDS, query={"payment_intent": intent_id}):
            if metadata(made, "refund_ref") == request.refund_ref:
                return _same_money(made, request)
        amount, currency = to_stripe(request.amount)
        if currency != intent.get("currency"):
            raise ProviderRefused(reason=f"The payment was made in another currency than {currency}.")
        form: dict[str, str | int] = {
            "payment_intent": intent_id,
            "amount": amount,
            "reason": "requested_by_customer",
            "metadata[refund_ref]": request.refund_ref,
            "metadata[payment_ref]": request.payment_ref,
            "metadata[reason]": request.reason[:_TEXT_LIMIT] or "-",
        }
        return _same_money(self._calls.post(REFUNDS, key=request.refund_ref, form=form), request)

    def query_refund(self, *, refund_ref: str, payment_ref: str, provider_ref: str | None) -> RefundReport:
        """See `Provider.query_refund`."""
        found = self._refund(refund_ref, provider_ref)
        return _read(lambda: refund_report(found)) if found else RefundReport(refund_ref, ReportStatus.ABSENT)

    def parse_webhook(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Event:
        """See `Provider.parse_webhook`."""
        event = webhook.parse(secrets=self._secrets, headers=headers, body=body, at=at)
        if event.dispute is None:
            return event
        # A dispute names the payment by its intent alone, and only Stripe knows which of ours that is.
        ours = self._payment_ref_of()(event.dispute.payment_provider_ref)
        return replace(event, dispute=replace(event.dispute, payment_ref=ours) if ours else None)

    def fetch_bill(self, *, on: date) -> Bill:
        """See `Provider.fetch_bill`. A day is one of UTC; the present one is as long as it is by now."""
        first, end = day_bounds(on, "UTC")
        query: dict[str, str | int] = {
            "created[gte]": int(first.timestamp()),
            "created[lt]": int(end.timestamp()),
            "expand[]": "data.source",
        }
        page = self._calls.page(BALANCE, query=query)
        if page.at is not None and on > page.at.date():
            raise BillNotReady
        rows = list(self._calls.all_after(page, BALANCE, query=query))
        return bill.read(reversed(rows), payment_ref_of=self._payment_ref_of())

    def _session(self, payment_ref: str, provider_ref: str | None) -> dict[str, Any] | None:
        if not provider_ref:
            return self._find_session(payment_ref)
        path = f"{SESSIONS}/{quote(provider_ref, safe='')}"
        session = self._calls.get(path, query={"expand[]": "payment_intent"})
        if session is None or metadata(session, "payment_ref") != payment_ref:
            # To say that it is absent would have it paid for again.
            raise ProviderRefused(
                reason=f"This Stripe account does not know {provider_ref} as {payment_ref}."
            )
        return session

    def _find_session(self, payment_ref: str) -> dict[str, Any] | None:
        """The session of a payment whose id we never got; the paid one, should there be several."""
        query: dict[str, str | int] = {"expand[]": "data.payment_intent"}
        began_at = ids.made_at(payment_ref)
        if began_at is not None:
            query["created[gte]"] = int((began_at - _BEFORE).timestamp())
            query["created[lte]"] = int((began_at + _SESSION_WITHIN).timestamp())
        sessions = self._calls.all(SESSIONS, query=query)
        found = [session for session in sessions if metadata(session, "payment_ref") == payment_ref]
        return min(found, key=_rank, default=None)

    def _refund(self, refund_ref: str, provider_ref: str | None) -> dict[str, Any] | None:
        if provider_ref:
            refund = self._calls.get(f"{REFUNDS}/{quote(provider_ref, safe='')}")
            if refund is None or metadata(refund, "refund_ref") != refund_ref:
                raise ProviderRefused(
                    reason=f"This Stripe account does not know {provider_ref} as {refund_ref}."
                )
            return refund
        began_at = ids.made_at(refund_ref)
        query = {"created[gte]": int((began_at - _BEFORE).timestamp())} if began_at else {}
        refunds = self._calls.all(REFUNDS, query=query)
        return next((refund for refund in refunds if metadata(refund, "refund_ref") == refund_ref), None)

    def _payment_ref_of(self) -> Callable[[str], str]:
        known: dict[str, str] = {}

        def ask(intent_id: str) -> str:
            if intent_id not in known:
                intent = self._calls.get(f"/v1/payment_intents/{quote(intent_id, safe='')}")
                known[intent_id] = metadata(intent, "payment_ref")
            return known[intent_id]

        return ask


def _id(thing: dict[str, Any]) -> str:
    return _read(lambda: _text(thing["id"]))


def _payment(session: dict[str, Any]) -> PaymentReport:
    return _read(lambda: payment_report(session))


def _started(session: dict[str, Any]) -> Started:
    return _read(lambda: Started(provider_ref=_text(session["id"]), redirect_url=_text(session["url"])))


def _session_form(request: StartRequest) -> dict[str, str | int]:
    amount, currency = to_stripe(request.amount)
    text = (request.description or request.payee)[:_TEXT_LIMIT]
    price = "line_items[0][price_data]"
    form: dict[str, str | int] = {
        "mode": "payment",
        "client_reference_id": request.payment_ref,
        "metadata[payment_ref]": request.payment_ref,
        "payment_intent_data[metadata][payment_ref]": request.payment_ref,
        "payment_intent_data[description]": f"{request.payee}: {text}"[:_TEXT_LIMIT],
        "line_items[0][quantity]": 1,
        f"{price}[currency]": currency,
        f"{price}[unit_amount]": amount,
        f"{price}[product_data][name]": text,
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "locale": _LOCALES.get(request.language.lower(), "auto"),
        # The price shown is the price charged: Checkout offers no other currency.
        "adaptive_pricing[enabled]": "false",
    }
    if request.expires_at is not None:
        form["expires_at"] = int((request.expires_at + _LONGER).timestamp())
    return form


def _same_money(refund: dict[str, Any], request: RefundRequest) -> RefundReport:
    if _read(lambda: from_stripe(refund["amount"], refund["currency"])) != request.amount:
        raise ProviderRefused(reason=f"Stripe has another amount for {request.refund_ref}.")
    return _read(lambda: refund_report(refund))


def _rank(session: dict[str, Any]) -> int:
    if session.get("payment_status") == "paid":
        return 0
    return {"complete": 1, "open": 2}.get(str(session.get("status")), 3)


def _text(value: object) -> str:
    if not (isinstance(value, str) and value):
        raise ValueError(f"no text: {value!r}")
    return value


def _read(reading: Callable[[], T]) -> T:
    """What an answer says; one of another shape than Stripe's leaves its outcome unknown."""
    try:
        return reading()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown from error
