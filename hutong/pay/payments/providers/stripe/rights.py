"""Which rights a key has at Stripe. To write is tried by calls that must fail: they are about things there are none of.

Stripe looks at a key's rights before it looks at what a call is about: 403 without the right, and with it a no that says
what is wrong with the call.
"""

from collections.abc import Mapping

from hutong.kernel import ids
from hutong.pay.payments.providers.errors import ProviderRefused
from hutong.pay.payments.providers.stripe.calls import FILES, Calls, MayNot, Refusal

# By the names of the Dashboard. Reading is looked for by lists, see `StripeProvider.check`.
_INTENTS = "/v1/payment_intents/pi_hutongdoctor"
_WRITES: tuple[tuple[str, str, dict[str, str | int]], ...] = (
    ("Checkout Sessions", "/v1/checkout/sessions/cs_hutongdoctor/expire", {}),
    ("Charges and Refunds", "/v1/refunds", {"payment_intent": "pi_hutongdoctor"}),
    # Were there such a dispute, this would be a draft that the bank never sees.
    ("Disputes", "/v1/disputes/du_hutongdoctor", {"submit": "false"}),
    ("Files", FILES, {"purpose": "dispute_evidence"}),
)


def check_rights(calls: Calls) -> None:
    """Raises `ProviderRefused` that names each right the key has not, and what any call may raise. Changes nothing."""
    missing = [f"{name} write" for name, path, form in _WRITES if not may_write(calls, path, form)]
    try:
        calls.get(_INTENTS)
    except MayNot:
        missing.insert(0, "Payment Intents read")
    if missing:
        raise ProviderRefused(reason=f"The secret key may not do this at Stripe: {', '.join(missing)}")


def may_write(calls: Calls, path: str, form: Mapping[str, str | int]) -> bool:
    """Whether the key has the right to a call that must fail, since what it is about is not there."""
    try:
        calls.post(path, key=ids.new_id("try"), form=form)
    except MayNot:
        return False
    except Refusal as no:
        if no.status not in (400, 404):
            raise
        return True
    raise ProviderRefused(reason=f"Stripe took a call that is about nothing: {path}")
