"""Loyalty: the rules by which points are earned, spent and end. It has no balances: the ledger keeps points in lots.

Owns: `Programme`, the rules of one programme from one moment on.
Invariants: a programme is of one currency; what is set is never changed, the next rules follow from a later moment;
one step of points is a whole number of minor units.
Who may write: `services` here, for operators.
"""
