"""Gift cards and balances: money paid in advance, spent at checkout whole or in part, given back to the very card.

Owns: `GiftCard`, `CardPart` (what a card bears of an order), `UnitPart` (of that, what it bears of one unit),
`CardRefund`.

Invariants:
- what a card is worth stands in the ledger alone: `stored_value` is what is left on it, `stored_held` what orders
  that wait for the rest of their money have set aside; both are guarded and never below nothing;
- a card that was claimed is one person's for ever, and nobody else spends from it; a code is claimed once, and is
  stored only as its keyed hash;
- `stored_held` of a card is the sum of its held parts; a part is held, then spent or released; a released part may
  be held again, for money that came late;
- the unit parts of a spent part add up to it; each goes back to its card at most once.

Written by: this app's services, called by the flows of checkout, payment, refund and by `flows.gift_cards`. It
never hears of payments or of orders: an order is an opaque reference with units of an amount.
"""
