"""Stock: how many of an offer may be sold, and who holds some of it for the moment.

Owns: the stock row of each limited offer, the holds of orders, how many other channels
sold, and how many of an offer a person has taken.
Invariants: `held + sold + elsewhere <= capacity` whoever asks at once; an offer without a row, or with an empty capacity,
is unlimited; an order holds an offer once; what a hold took is given back at most once; a person never takes
more than the limit the offer had when the order was placed. All guards stand in the WHERE of one UPDATE.
Who may write: `services` here, called by the flows of checkout, payment, expiry, refund
and of vouchers that other channels sold.
"""
