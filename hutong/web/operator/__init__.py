"""Pages of the people who run the platform: figures, the queue, orders and refunds, the books.

Owns no tables. Every page is for operators alone (`access.py`); every decision goes through a flow, which keeps
who decided, when and why. Made for a desktop, fine on a phone.
"""
