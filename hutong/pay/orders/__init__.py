"""What shoppers agreed to buy, at which quoted price, and what became of each unit.

Owns: `Order`, `Line`, `Unit`, `OrderEvent`.

Invariants:
- a state changes only as `rules.TRANSITIONS` says, by a conditional update whose row count is checked, and
  leaves a row of history;
- one `client_key` of one person makes one order, however often and however parallel it is sent;
- units exist from the moment the order is paid, one row per unit sold with every amount of it, copied from
  the quote that is stored with the order; nothing is divided again afterwards;
- an order's total is the sum of its units, its `refunded` the sum of the refunded ones;
- a unit is sold, used or refunded, never two of these.

Written by: this app's services only.
"""
