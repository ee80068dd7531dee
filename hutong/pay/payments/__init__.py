"""Money asked of providers: payments, refunds, and what the providers tell us about them.

Owns: `Payment`, `Attempt`, `Refund`, `WebhookInbox`, `FetchedBill` with its `BilledMoney` and
`BillingDifference`, `WithoutBill`, `AgreedRate`, `Transfer`, and `providers/`, one folder for each provider.

Invariants, all kept by the database:
- 0 <= refunded <= captured <= amount; a payment is captured once, wholly, in the unit that was asked;
- money of another amount or currency is never `captured`: it lies in `suspense` until it is sent back;
- an order has at most one payment that is still under way;
- a refund takes its headroom from its payment in one conditional statement, before the provider is asked;
- a day of a bill is matched once, a payment or refund is counted on one bill, and a difference is closed with a note;
- that there is no bill of a day takes the word of two operators;
- a webhook is in the inbox once, whatever number of copies arrives; a forged one is not in it at all.

Invariants kept here: no call to a provider while a transaction is open; the intent (`Attempt`) is committed
before the call, and its id is the call's idempotency key; an outcome that is not known is a state, and
`services.ask_due` asks until it is known.

Written by: `payments.services`, nothing else. It never hears of orders: `order_ref` is opaque text.
"""
