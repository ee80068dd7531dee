"""What merchants earned: one row per redeemed unit, and its postings in the books.

Owns: `Settled`.

Invariants:
- a unit is settled at most once at a time; undoing keeps the row and marks it;
- gross = commission + net, taken from the amounts fixed at sale, never computed again;
- a merchant's payable account holds exactly the net of the merchant's live rows, and the platform's
  commission account exactly their commission; row and posting are written in one transaction.

Written by: `settlement.services` only, called when a unit is redeemed or its redemption undone.
"""
