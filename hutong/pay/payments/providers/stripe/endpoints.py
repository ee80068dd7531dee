"""Whether Stripe knows where to tell us: its webhook endpoints, as far as a key may read them."""

from collections.abc import Mapping
from typing import Any

from hutong.pay.payments.providers.errors import ProviderRefused
from hutong.pay.payments.providers.stripe.calls import Calls
from hutong.pay.payments.providers.stripe.disputes import EVENTS as DISPUTE_EVENTS
from hutong.pay.payments.providers.stripe.webhook import REFUND_EVENTS, SESSION_EVENTS

ENDPOINTS = "/v1/webhook_endpoints"
# Stripe tells an old name and a new one of the same news; the old one is taken and not asked for.
_NEEDED = (SESSION_EVENTS | REFUND_EVENTS | DISPUTE_EVENTS) - {"charge.refund.updated"}


def doubts_of_endpoint(calls: Calls, notify_url: str) -> tuple[str, ...]:
    """What is wrong with the endpoint of `notify_url`, in a sentence; nothing where it tells us all we need.

    Whether its signing secret is ours shows with the first event alone: Stripe tells a secret once, to whoever makes
    the endpoint. Payments arrive without any endpoint, too, only later.
    """
    try:
        found = list(calls.all(ENDPOINTS, query={}))
    except ProviderRefused:
        return ("this key may not read webhook endpoints at Stripe, so that they were not looked at",)
    ours = [one for one in found if str(one.get("url", "")).rstrip("/") == notify_url.rstrip("/")]
    if not ours:
        return (f"no webhook endpoint at Stripe, in the mode of this key, has the address {notify_url}",)
    if not any(one.get("status") == "enabled" for one in ours):
        return ("the webhook endpoint at Stripe is switched off",)
    missing = _NEEDED - {event for one in ours if one.get("status") == "enabled" for event in _events(one)}
    if missing:
        return (f"the webhook endpoint at Stripe does not tell of {', '.join(sorted(missing))}",)
    return ()


def _events(endpoint: Mapping[str, Any]) -> set[str]:
    named = endpoint.get("enabled_events")
    events = {str(event) for event in named} if isinstance(named, list) else set()
    return set(_NEEDED) if "*" in events else events
