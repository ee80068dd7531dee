"""Pages of those who run the platform: figures, queue, merchants, orders, refunds, books, site, audit log.

Owns no tables. Every page is for operators alone (`access.py`); every decision goes through a flow, which keeps
who decided, when and why. Made for a desktop, fine on a phone.
"""
