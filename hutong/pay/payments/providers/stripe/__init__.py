"""Stripe: hosted Checkout Sessions, refunds, transfers to merchants, webhooks and the bill, over plain HTTPS.

`client` is the `Provider`; `calls` the HTTP and what its errors mean; `reports` Stripe's words in ours; `webhook`
the signature; `bill` balance transactions; `amounts` the currencies that Stripe counts in another way than ISO 4217.

Invariants: every call that has an effect carries an idempotency key that is ours and persisted; every object made
at Stripe carries our reference in its metadata. Verified against the simulator.
"""
