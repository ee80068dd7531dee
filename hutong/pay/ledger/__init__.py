"""The books: every amount that moves, from which account to which.

Owns: `Account`, `Balance`, `Transaction`, `Transfer`, `Checkpoint`, `CheckpointSum`; of points `Lot`, `LotPart` (what
a lot gave to an order) and `LotPiece` (of that, what paid for one unit).

Invariants, all kept by the database:
- a transfer moves a positive amount between two different accounts of one unit (composite foreign keys on
  (account, unit)), so an imbalance or a mix of units cannot be stored;
- transactions and transfers are never changed, deleted or truncated (triggers); a correction is a new
  transaction;
- a reference is posted once; posting the same content again returns what is there, other content raises;
- a guarded account never goes below its floor: its balance row is changed by one conditional statement.
- points of a person are the sum of what is left of its lots, and set aside is the sum of the held parts; a lot is
  what is left of it, held, spent, expired and taken back; a piece returns to its lot at most once.

Invariants kept by `rules.check`: only declared kinds of transaction between declared kinds of account.

Written by: `ledger.services.post`; checkpoints by the check of the books; lots by `ledger.services.lots`. It never
hears of orders, vouchers or payments: owners and references are opaque text.
"""
