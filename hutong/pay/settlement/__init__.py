"""What merchants earned and are paid: a row per redeemed unit, adjustments, payouts in batches, months that close.

Owns: `Settled`, `Adjustment`, `Correction`, `PayoutAccount`, `PayoutTerms`, `PayoutBatch`, `Payout`, `MonthClose`.

Invariants:
- a unit is settled at most once at a time; undoing keeps the row and marks it;
- gross = commission + commission_tax + provider_fee + net, taken from the amounts fixed at sale, never computed again;
- what redemptions moved into a merchant's payable account is exactly the net of the merchant's live rows, and
  the same holds for the platform's commission, tax on it and share of providers' fees; row and posting are
  written in one transaction;
- payable = net of live rows + adjustments - payouts that left and did not come back; payout account = payouts sent
  of which the bank has not answered;
- a row is paid by one payout at most, and each payout is exactly the sum of its rows; it leaves once, never with
  more than was approved nor than payable holds;
- above the limit two people approve a batch, and the second did not make it;
- above the limit two operators correct what a merchant is owed;
- months close in their order; the ledger posts nothing into a closed one.

Written by: `settlement.services` only. Whoever posts to a payable account by itself notes it by `note_adjustment`.
"""
