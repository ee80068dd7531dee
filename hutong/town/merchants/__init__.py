"""Merchants: the shops of a town and the people and devices that work in them.

Owns: categories, merchants, their stores (also the listings nobody has claimed yet), staff, paired devices,
and the history of the operator's decisions about a merchant.
Invariants: a place of an extract is one store of a region, however often it is imported; a merchant moves
only along `rules.MERCHANT_TRANSITIONS`, and each move leaves a decision behind; a decided merchant has its
`decided_at`; a person holds one live role for each merchant and store; a role or device that is taken away
keeps its row with `revoked_at`.
Who may write: `services` here, called by the import of a city, by the operator's and the merchant's pages.
"""
