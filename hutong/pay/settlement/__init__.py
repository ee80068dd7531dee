"""What merchants earned: one row per redeemed unit, and its postings in the books.

Owns: `Settled`.

Invariants:
- a unit is settled at most once at a time; undoing keeps the row and marks it;
- gross = commission + commission_tax + provider_fee + net, taken from the amounts fixed at sale, never computed again;
- what redemptions moved into a merchant's payable account is exactly the net of the merchant's live rows, and
  the same holds for the platform's commission, tax on it and share of providers' fees; row and posting are
  written in one transaction.

Written by: `settlement.services` only, called when a unit is redeemed or its redemption undone.
"""
