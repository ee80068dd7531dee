"""What a cart costs: every amount of every unit, fixed before payment.

Owns: no table. A quote is stored by whoever sells (`orders` keeps it with the order).

Invariants:
- every sum is exact: the units of a line add up to the line, the lines to the quote;
- a division happens once, here, by largest remainder; nothing is divided again later;
- the same cart gives the same quote, whatever the machine, and the order of its lines is kept;
- a quote reads back from its JSON as it was written, or is refused.

Written by: nobody; `rules.price_cart` is a pure function.
"""
