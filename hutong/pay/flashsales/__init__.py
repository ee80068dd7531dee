"""Flash sales: a deal that is sold within a short time, with a line in front of its checkout.

Owns: `FlashSale` (when a deal is sold, how many may be in checkout at once) and `Ticket` (somebody's place in line).

Invariants:
- an offer has one standing flash sale at most; a sale ends after it begins;
- a person has one ticket of a sale, whatever tab, device or refresh asked for it; its number is given by the database
  in the order of arrival, and no two tickets of a sale have the same;
- who waits is admitted in the order of the numbers, and never more than the sale has places: a place is taken from the
  admission until the order is paid, given up, or its time is over;
- an order uses an admitted ticket, once, before its time is over.

How many are left, for how much, and how many each person may have is the deal's: stock and catalog know it. This app
never hears of them; a flow hands over how many could still be served.

Written by: `services` here, called by `flows.flash_sale`, checkout and payment.
"""
