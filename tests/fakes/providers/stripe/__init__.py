"""A simulator of Stripe: Checkout Sessions, refunds, transfers, balance transactions, signed events.

`books` numbers things as Stripe does, `objects` writes them as JSON, `requests` reads forms and finds what Stripe
would find wrong in them, `simulator` is the API.
"""

from tests.fakes.providers.stripe.simulator import StripeSimulator

__all__ = ["StripeSimulator"]
