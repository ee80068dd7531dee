"""Saved: what people keep to find again, what they looked at, and what follows of both for the home page.

Owns: `SavedList` and `SavedEntry` (shops and deals somebody keeps, in lists with names, notes and an order of their
own), `SeenStore` (the shops somebody looked at last) and `SeenChoice` (whether that is remembered at all).
Invariants: a person has at most one default list that is not deleted; a list holds a shop or a deal once; what was
removed can be had back for an hour and is then deleted; a list is open to others only through its share key, which
nobody can guess and its owner can end; at most 50 shops a person are remembered as seen, and none of who said no.
Who may write: `services` here. All of it belongs to one person, is in that person's file, and goes with the account.
"""
