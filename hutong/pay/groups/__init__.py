"""Buying together: terms of groups and campaigns, groups, and the places in them.

Owns: `GroupTerms` (what an offer promises to who buys together, versioned), `Group` (one group, or the one group of a
campaign that everybody joins), `Place` (one order in a group).

Invariants:
- a group keeps the size, price, deadline and count of what may be missing with which it was opened, whatever its
  offer says later;
- while a group is open `taken` is the number of its held and paid places and `paid` that of its paid ones; both are
  changed by conditional UPDATEs alone, and never more are taken than it has places (a campaign has no end of them);
- a group ends once, full or failed. It is full only where `paid + filled` reached its size, and only the platform's
  word at the deadline fills, at most `fill` places;
- a person has one live place in a group, and an order at most one place at all.

Written by: this app's services, called by `flows.groups`, checkout, payment, expiry and refund. It never hears of
money that moved: an order is an opaque reference, its price is what the flow charges.
"""
