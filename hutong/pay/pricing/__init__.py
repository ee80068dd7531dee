"""What a cart costs: every amount of every unit, fixed before payment, with the best lawful discounts.

Owns: no table. A quote is stored by whoever sells (`orders` keeps it with the order).

Invariants:
- every sum is exact: the units of a line add up to the line, the lines to the quote, the parts of a discount to it;
- a division happens once, here, by largest remainder; nothing is divided again later;
- the same cart gives the same quote, whatever the machine; the order of lines, promotions and coupons changes no amount;
- no lawful combination leaves less to pay, so one more promotion or coupon never raises the price;
- a quote reads back from its JSON as it was written, or is refused.

Written by: nobody; `rules.price_cart` and `rules.cancel` are pure functions. See docs/concepts/pricing.md.
"""
