"""Reads forms of requests, and finds in them what Stripe would find wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.providers.books import Refused
from tests.fakes.providers.server import Answer, Call

Form = dict[str, str]
Asked = tuple[str, Form | bytes]
"""A path and its parameters, or what is sent there in another form."""

_SESSION_FIELDS = frozenset(
    """adaptive_pricing allow_promotion_codes automatic_tax cancel_url client_reference_id currency customer
    customer_email expand expires_at line_items locale metadata mode payment_intent_data payment_method_types
    submit_type success_url""".split()
)
_REFUND_FIELDS = frozenset("amount charge expand metadata payment_intent reason".split())
_TRANSFER_FIELDS = frozenset(
    "amount currency description destination expand metadata source_transaction source_type transfer_group".split()
)
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
# As Stripe writes amounts, for the currencies that tests pay in.
_LEAST = {"eur": 50, "usd": 50, "gbp": 30, "sek": 300, "jpy": 50, "huf": 17_500}
_LOCALES = frozenset("auto de en fi fr sv zh zh-HK zh-TW".split())


class Wrong(Exception):
    """A request that Stripe turns down; `answer` says so in its manner."""

    def __init__(
        self, message: str, *, status: int = 400, code: str = "", param: str = "", kind: str = ""
    ) -> None:
        super().__init__(message)
        error = {"message": message, "type": kind or "invalid_request_error", "code": code, "param": param}
        self.answer = json_answer(status, {"error": {name: value for name, value in error.items() if value}})


def json_answer(status: int, data: Mapping[str, Any], **headers: str) -> Answer:
    """An answer in JSON."""
    body = json.dumps(data, indent=2).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {"content-type": "application/json", **named})


_WORDS = {
    "not_paid": (
        "This PaymentIntent does not have a successful charge to refund.",
        "payment_intent_unexpected_state",
    ),
    "too_much": ("Refund amount is greater than unrefunded amount on charge.", "charge_already_refunded"),
}


def worded(refused: Refused) -> Wrong:
    """What the books refuse, as Stripe says it."""
    message, code = _WORDS.get(refused.why, (refused.why, refused.why))
    return Wrong(message, code=code)


def missing(thing: str, name: str) -> Wrong:
    """There is no object of that id."""
    return Wrong(f"No such {thing}: '{name}'", status=404, code="resource_missing", param="id")


def form_of(body: bytes) -> Form:
    """The fields of a form, names with their brackets."""
    return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))


def group(form: Form, prefix: str) -> dict[str, str]:
    """`metadata[a]=1` as {"a": "1"} for the prefix `metadata`."""
    begin = f"{prefix}["
    return {name[len(begin) : -1]: value for name, value in form.items() if name.startswith(begin)}


def session_asked(form: Form, now: datetime) -> dict[str, Any]:
    """What a new session is to be, for `StripeBooks.open_session`."""
    _known(form, _SESSION_FIELDS)
    if form.get("mode") != "payment":
        raise Wrong("You must provide one of `line_items` and mode.", param="mode")
    for name in ("success_url", "cancel_url"):
        if not form.get(name, "").startswith(("http://", "https://")):
            raise Wrong("Not a valid URL", code="url_invalid", param=name)
    price = "line_items[0][price_data]"
    if not form.get(f"{price}[product_data][name]"):
        raise Wrong(
            "You passed an empty string for the name of a product.", param=f"{price}[product_data][name]"
        )
    currency = form.get(f"{price}[currency]", "")
    if currency != currency.lower() or len(currency) != 3:
        raise Wrong(f"Invalid currency: {currency}.", param=f"{price}[currency]")
    if form.get("locale", "auto") not in _LOCALES:
        raise Wrong(f"Invalid locale: {form['locale']}", param="locale")
    amount = _whole(form, f"{price}[unit_amount]") * _whole(form, "line_items[0][quantity]")
    if amount < _LEAST.get(currency, 1):
        raise Wrong("The Checkout Session's total amount is too small.", code="amount_too_small")
    expires_at = now + timedelta(hours=24)
    if "expires_at" in form:
        expires_at = datetime.fromtimestamp(_whole(form, "expires_at"), UTC)
        if not timedelta(minutes=30) <= expires_at - now <= timedelta(hours=24):
            raise Wrong(
                "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout "
                "Session creation.",
                param="expires_at",
            )
    return {
        "amount": amount,
        "unit": currency.upper(),
        "expires_at": expires_at,
        "return_url": form["success_url"],
        "cancel_url": form["cancel_url"],
        "client_reference_id": form.get("client_reference_id"),
        "metadata": group(form, "metadata"),
        "intent_metadata": group(form, "payment_intent_data[metadata]"),
    }


def may_not() -> Wrong:
    """A restricted key's lack of a right, which Stripe looks at before all that a call is about."""
    message = "The provided key does not have the required permissions for this endpoint on account."
    return Wrong(message, status=403)


def check_refund(form: Form) -> None:
    """What can be wrong in a refund without a look into the books."""
    _known(form, _REFUND_FIELDS)
    if "reason" in form and form["reason"] not in _REASONS:
        raise Wrong(f"Invalid reason: must be one of {', '.join(_REASONS)}", param="reason")
    if not form.get("payment_intent"):
        raise Wrong("One of the following params should be provided: payment_intent or charge.")


def transfer_asked(form: Form) -> int:
    """The amount of a transfer, which is found right but for what only the books know."""
    _known(form, _TRANSFER_FIELDS)
    if not form.get("destination"):
        raise Wrong("Missing required param: destination.", code="parameter_missing", param="destination")
    currency = form.get("currency", "")
    if currency != currency.lower() or len(currency) != 3:
        raise Wrong(f"Invalid currency: {currency}.", param="currency")
    return _whole(form, "amount")


def whole_or(form: Form, name: str, default: int) -> int:
    """A whole number, if the field is there."""
    return _whole(form, name) if name in form else default


def _whole(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not text.isdigit() or int(text) < 1:
        raise Wrong(f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)


def _known(form: Form, fields: frozenset[str]) -> None:
    for name in form:
        if name.partition("[")[0] not in fields:
            raise Wrong(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def form_or_none(call: Call) -> Form:
    """The fields of a POST; nothing where it has none that can be read."""
    try:
        return form_of(call.body) if call.method == "POST" else {}
    except ValueError:
        return {}


def replayed(known: tuple[Asked, Answer | None], asked: Asked) -> Answer:
    """The answer to a call whose key was used before, as Stripe gives it."""
    before, answer = known
    if before != asked:
        message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        return Wrong(message, kind="idempotency_error").answer
    if answer is None:
        message = "There is currently another in-progress request using this Idempotency Key."
        return Wrong(message, status=409, code="idempotency_key_in_use", kind="idempotency_error").answer
    return Answer(answer.status, answer.body, {**answer.headers, "idempotent-replayed": "true"})
