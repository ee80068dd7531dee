"""Paid online: what a cart costs, what was ordered, who was paid, and the books behind it.

`orders` and `settlement` may use `pricing`, `payments` and `ledger`; those three do not know each other.
What joins them to vouchers, stock or customers is a flow.
"""
