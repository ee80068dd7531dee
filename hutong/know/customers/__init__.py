"""Customers: people as one merchant knows them, and only with their consent.

Owns: consents with their history, customers, and the visits each merchant remembers.
Invariants: a merchant knows a person only while a consent of that person to that merchant is live, and taking
it back removes what was remembered; one event is one row however often it is told; a customer's counts are
re-added from the visits; a phone number leaves here masked, never whole.
Who may write: `services` here, called by the flows of checkout, remembering and undo, and by the pages of the
person.
"""
