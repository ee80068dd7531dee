"""The API of Stripe as far as we and its own client for Python use it, and the events that follow."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import unquote

from tests.fakes.providers.books import BackState, Refused, TradeState
from tests.fakes.providers.server import BACKOFF_S, Answer, Call, Notice, Simulator
from tests.fakes.providers.stripe import disputes
from tests.fakes.providers.stripe.books import StripeBooks, made_id, merchants_own
from tests.fakes.providers.stripe.disputes import Chargeback, dispute_of
from tests.fakes.providers.stripe.objects import (
    Json,
    balance_transaction_of,
    endpoint_of,
    intent_of,
    page_of,
    refund_of,
    seconds,
    session_of,
)
from tests.fakes.providers.stripe.requests import (
    Asked,
    Wrong,
    check_refund,
    form_of,
    form_or_none,
    group,
    json_answer,
    may_not,
    missing,
    replayed,
    session_asked,
    whole_or,
    worded,
)
from tests.fakes.providers.stripe.transfers import Transfers

SECRET_KEY = "sk_test_51Simulator0000000000000000"
WEBHOOK_SECRET = "whsec_simulator00000000000000000000"
SESSIONS, REFUNDS = "/v1/checkout/sessions", "/v1/refunds"
BALANCE, TRANSFERS = "/v1/balance_transactions", "/v1/transfers"
_SESSION_EVENTS = {
    TradeState.PAID: "checkout.session.completed",
    TradeState.FAILED: "checkout.session.async_payment_failed",
    TradeState.CLOSED: "checkout.session.expired",
    TradeState.OPEN: "checkout.session.completed",  # completed, while the money is on its way
}


class StripeSimulator(Simulator):
    """Stripe. `webhook_secrets` sign all events, each: two of them are a secret that is being rolled."""

    name = "stripe"
    books: StripeBooks

    def __init__(
        self,
        *,
        secret_key: str = SECRET_KEY,
        webhook_secrets: Sequence[str] = (WEBHOOK_SECRET,),
        notify_url: str = "",
        seed: int = 0,
        backoff_s: Sequence[float] = BACKOFF_S,
    ) -> None:
        super().__init__(books=StripeBooks(), seed=seed, backoff_s=backoff_s)
        self.secret_key = secret_key
        self.webhook_secrets = list(webhook_secrets)
        self.notify_url = notify_url
        self.page_limit = 100
        self._events = 0
        self._lock = threading.Lock()
        self.transfers = Transfers(self.books)
        self.disputes: dict[str, Chargeback] = {}
        self.files: dict[str, Json] = {}
        self.forbidden: set[str] = set()
        """What the key, a restricted one, may not do: `POST /v1/refunds` and all below."""
        self.endpoints: list[Json] = [endpoint_of(notify_url)] if notify_url else []
        # Idempotency key -> what was asked, and the answer once there is one.
        self._saved: dict[str, tuple[Asked, Answer | None]] = {}

    def named(self, call: Call) -> tuple[str, str]:
        """See `Simulator.named`."""
        parts, form = call.path.strip("/").split("/"), form_or_none(call)
        if call.path == SESSIONS and call.method == "POST":
            return "start", form.get("client_reference_id", "")
        if call.path.startswith(SESSIONS):
            session_ref = self.books.sessions.get(parts[3], "") if len(parts) > 3 else ""
            return "close" if call.method == "POST" else "query", merchants_own(session_ref)
        if call.path.startswith(REFUNDS):
            if call.method == "POST":
                return "refund", form.get("metadata[refund_ref]", "")
            return "query_refund", ""
        if call.path == TRANSFERS:
            return self.transfers.named(call, again=call.headers.get("idempotency-key") in self._saved)
        return ("bill", "") if call.path == BALANCE else ("", "")

    def handle(self, call: Call) -> Answer:
        """See `Simulator.handle`."""
        if f"{call.method} {call.path}".startswith(tuple(self.forbidden)):
            return may_not().answer
        if call.headers.get("authorization", "") != f"Bearer {self.secret_key}":
            shown = call.headers.get("authorization", "").removeprefix("Bearer ")[-4:]
            return Wrong(f"Invalid API Key provided: ************{shown}", status=401).answer
        key = call.headers.get("idempotency-key", "")
        if call.method != "POST" or not key:
            return self._answered(call)
        asked = (call.path, form_or_none(call) or call.body)  # in whatever order the parameters come
        with self._lock:
            known = self._saved.get(key)
            if known is None:
                self._saved[key] = (asked, None)
        if known is not None:
            return replayed(known, asked)
        answer = self._answered(call)
        with self._lock:
            self._saved[key] = (asked, answer)
        return answer

    def answer(self, call: Call) -> Answer:
        """As all simulators; a server error after the effect is kept and replayed, as Stripe does."""
        key = call.headers.get("idempotency-key", "")
        first = key not in self._saved
        answer = super().answer(call)
        if answer.status >= 500 and first:
            with self._lock:
                if key in self._saved:
                    self._saved[key] = (self._saved[key][0], answer)
        return answer

    def broken(self) -> Answer:
        """See `Simulator.broken`."""
        return Wrong("Sorry, something went wrong on our end.", status=500, kind="api_error").answer

    def accepted(self, status: int, body: bytes) -> bool:
        """See `Simulator.accepted`: any status of success."""
        return 200 <= status < 300

    def notify(self, ref: str) -> None:
        """See `Simulator.notify`. An event keeps what was true when it was made."""
        if ref in self.books.backs:
            back = self.books.back(ref)
            failed = back.state is BackState.FAILED
            ended = back.ended_at is not None and back.ended_at != back.created_at
            kind = "refund.failed" if failed else "refund.updated" if ended else "refund.created"
            self._tell(ref, kind, refund_of(back))
            return
        trade = self.books.trade(ref)
        kind = _SESSION_EVENTS[trade.state]
        if trade.state is TradeState.PAID and trade.data.get("processing"):
            kind = "checkout.session.async_payment_succeeded"
        self._tell(ref, kind, session_of(trade, url=self.page_url(ref)))

    def decline_card(self, ref: str) -> None:
        """The bank refuses a card; the shopper may try another one, so the session stays open. No event of ours."""
        self.books.trade(ref).data["declined"] = True

    def complete_unpaid(self, ref: str) -> None:
        """The shopper pays by a way that takes days; `pay` or `decline` ends it."""
        self.books.trade(ref).data["processing"] = True
        self.notify(ref)

    def dispute(
        self,
        ref: str,
        *,
        amount: int | None = None,
        reason: str = "fraudulent",
        status: str = "needs_response",
    ) -> Chargeback:
        """The cardholder's bank takes a payment back, with the event that follows."""
        trade = self.books.trade(ref)
        with self._lock:
            made = disputes.opened(
                len(self.disputes),
                trade,
                amount=trade.paid if amount is None else amount,
                reason=reason,
                at=self.books.now(),
                status=status,
            )
            self.disputes[made.ref] = made
        self._tell(made.ref, "charge.dispute.created", dispute_of(made))
        return made

    def end_dispute(self, dispute_ref: str, *, won: bool) -> None:
        """The bank decides. Stripe keeps the fee of one that is lost."""
        dispute = self.disputes[dispute_ref]
        dispute.status = "won" if won else "lost"
        if won:
            dispute.moved.append((dispute.amount, -disputes.FEE))
        self._tell(dispute_ref, "charge.dispute.closed", dispute_of(dispute))

    def sign(self, body: bytes, *, at: datetime | None = None) -> dict[str, str]:
        """The headers of an event that is sent at that time."""
        sent_at = int((at or self.books.now()).timestamp())
        signed = f"{sent_at}.".encode() + body
        parts = [f"t={sent_at}"]
        for secret in self.webhook_secrets:
            parts.append(f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}")
        parts.append(f"v0={hashlib.sha256(signed).hexdigest()}")  # an older scheme that is sent in test mode
        return {"Stripe-Signature": ",".join(parts), "Content-Type": "application/json; charset=utf-8"}

    def event(self, kind: str, thing: Json) -> bytes:
        """The body of a new event."""
        with self._lock:
            self._events += 1
            number = self._events
        message = {
            "id": made_id("evt_1", f"{number}:{self.secret_key}:{id(self)}", 23),
            "object": "event",
            "api_version": "2025-03-31.basil",
            "created": seconds(self.books.now()),
            "data": {"object": thing},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        return json.dumps(message, indent=2).encode()

    def _tell(self, ref: str, kind: str, thing: Json) -> None:
        body = self.event(kind, thing)
        self.send(Notice(ref, self.notify_url, lambda: (self.sign(body), body)))

    def _answered(self, call: Call) -> Answer:
        try:
            parts = [unquote(part) for part in call.path.strip("/").split("/")]
            handler = self._handler(call.method, parts)
            return json_answer(200, handler(call, parts))
        except Wrong as wrong:
            return wrong.answer
        except Refused as refused:
            return worded(refused).answer

    def _handler(self, method: str, parts: list[str]) -> Callable[[Call, list[str]], Json]:
        match (method, parts):
            case ("POST", ["v1", "checkout", "sessions"]):
                return self._start
            case ("GET", ["v1", "checkout", "sessions"]):
                return self._sessions
            case ("GET", ["v1", "checkout", "sessions", _]):
                return self._session
            case ("POST", ["v1", "checkout", "sessions", _, "expire"]):
                return self._expire
            case ("POST", ["v1", "refunds"]):
                return self._refund
            case ("GET", ["v1", "refunds"]):
                return self._refunds
            case ("GET", ["v1", "refunds", _]):
                return self._one_refund
            case ("GET", ["v1", "payment_intents", _]):
                return self._intent
            case ("POST", ["v1", "transfers"]):
                return self.transfers.create
            case ("GET", ["v1", "transfers"]):
                return self._transfers
            case ("GET", ["v1", "balance_transactions"]):
                return self._balance
            case ("GET", ["v1", "disputes"]):
                return self._disputes
            case ("GET", ["v1", "webhook_endpoints"]):
                return lambda call, _parts: self._list(call, list(self.endpoints))
            case ("POST", ["v1", "disputes", _]) | ("POST", ["v1", "disputes", _, "close"]):
                return self._answer_dispute
            case ("POST", ["v1", "files"]):
                return self._file
        raise Wrong(f"Unrecognized request URL ({method}: /{'/'.join(parts)}).", status=404)

    def _start(self, call: Call, parts: list[str]) -> Json:
        asked = session_asked(form_of(call.body), self.books.now())
        trade = self.books.open_session(asked["client_reference_id"] or "unnamed", **asked)
        return session_of(trade, url=self.page_url(trade.ref))

    def _session(self, call: Call, parts: list[str]) -> Json:
        try:
            trade = self.books.session(parts[3])
        except Refused:
            raise missing("checkout.session", parts[3]) from None
        expand = "payment_intent" in call.query.values()
        return session_of(trade, url=self.page_url(trade.ref), expand=expand)

    def _sessions(self, call: Call, parts: list[str]) -> Json:
        expand = "data.payment_intent" in call.query.values()
        refs = list(reversed(self.books.sessions.values()))
        trades = [self.books.trade(ref) for ref in refs]
        return self._list(
            call, [session_of(trade, url=self.page_url(trade.ref), expand=expand) for trade in trades]
        )

    def _expire(self, call: Call, parts: list[str]) -> Json:
        session = self._session(call, parts)
        if session["status"] != "open":
            raise Wrong(
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
                f"status of `{session['status']}`."
            )
        trade = self.books.close(self.books.sessions[parts[3]])
        self.notify(trade.ref)
        return session_of(trade, url="")

    def _refund(self, call: Call, parts: list[str]) -> Json:
        form = form_of(call.body)
        check_refund(form)
        try:
            trade = self.books.intent(form["payment_intent"])
        except Refused:
            raise missing("payment_intent", form["payment_intent"]) from None
        ref = group(form, "metadata").get("refund_ref") or "unnamed"
        back = self.books.send_back(
            ref,
            trade_ref=trade.ref,
            amount=whole_or(form, "amount", trade.paid - trade.sent_back),
            unit=trade.paid_unit,
            pending=self.faults.take("refund_pending", call="refund", ref=ref) is not None,
            metadata=group(form, "metadata"),
            reason=form.get("reason"),
            intent=trade.data["intent"],
            charge=made_id("ch_3", trade.provider_ref, 23),
        )
        self.notify(back.ref)
        return refund_of(back)

    def _one_refund(self, call: Call, parts: list[str]) -> Json:
        if parts[2] not in self.books.refunds:
            raise missing("refund", parts[2])
        return refund_of(self.books.back(self.books.refunds[parts[2]]))

    def _refunds(self, call: Call, parts: list[str]) -> Json:
        refunds = [refund_of(self.books.back(ref)) for ref in reversed(list(self.books.refunds.values()))]
        wanted = call.query.get("payment_intent")
        return self._list(call, [one for one in refunds if wanted in (None, one["payment_intent"])])

    def _intent(self, call: Call, parts: list[str]) -> Json:
        try:
            intent = intent_of(self.books.intent(parts[2]))
        except Refused:
            intent = None
        if intent is None:
            raise missing("payment_intent", parts[2])
        return intent

    def _disputes(self, call: Call, parts: list[str]) -> Json:
        return self._list(call, [dispute_of(one) for one in reversed(list(self.disputes.values()))])

    def _answer_dispute(self, call: Call, parts: list[str]) -> Json:
        dispute = self.disputes.get(parts[2])
        if dispute is None:
            raise missing("dispute", parts[2])
        if dispute.closed or dispute.status == "under_review":
            raise Wrong("This dispute is already closed or submitted.", code="dispute_closed")
        form = form_of(call.body)
        if parts[3:] == ["close"]:
            dispute.status = "lost"
            self._tell(dispute.ref, "charge.dispute.closed", dispute_of(dispute))
            return dispute_of(dispute)
        evidence = group(form, "evidence")
        for name, value in evidence.items():
            if name != "uncategorized_text" and value not in self.files:
                raise missing("file", value)
        dispute.evidence |= evidence
        if form.get("submit", "true") == "true":
            dispute.status = "under_review"
            self._tell(dispute.ref, "charge.dispute.updated", dispute_of(dispute))
        return dispute_of(dispute)

    def _file(self, call: Call, parts: list[str]) -> Json:
        made = disputes.file_of(call, len(self.files))
        if made is None or made["purpose"] != "dispute_evidence":
            raise Wrong("Invalid purpose or no file.", param="file")
        self.files[made["id"]] = made
        return made

    def _balance(self, call: Call, parts: list[str]) -> Json:
        begin = call.query.get("created[gte]")
        on = datetime.fromtimestamp(int(begin), UTC) if begin else self.books.now()
        expand = "data.source" in call.query.values()
        rows = sorted(self.books.bill(on.date()), key=lambda row: row.at)
        made = [balance_transaction_of(row, number, expand=expand) for number, row in enumerate(rows)]
        made += self.transfers.on_bill(expand=expand)[::-1]
        return self._list(call, sorted(made, key=lambda one: one["created"])[::-1])

    def _transfers(self, call: Call, parts: list[str]) -> Json:
        return self._list(call, self.transfers.of_group(call.query.get("transfer_group")))

    def _list(self, call: Call, things: list[Json]) -> Json:
        query = call.query
        least, most = int(query.get("created[gte]", 0)), int(query.get("created[lte]", 2**40))
        before = int(query.get("created[lt]", 2**40))
        in_time = [one for one in things if least <= one["created"] <= most and one["created"] < before]
        limit = min(int(query.get("limit", 10)), self.page_limit)
        return page_of(in_time, path=call.path, limit=limit, after=query.get("starting_after", ""))
