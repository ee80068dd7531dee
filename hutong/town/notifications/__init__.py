"""Notifications: what a person is told without asking, where it is told, and what they want to be told.

Owns: `Notification` (what somebody was told, in values and not in words), `Delivery` (one of it through one channel
that leaves the house), `Subscription` (a browser that takes web push), `Preference` (a switch a person turned).

Invariants:
- texts are made when they are read or sent, in the person's language; the table holds values alone, and neither a
  secret nor a whole phone number is among them;
- a thing that happened is told to a person once, however often its job runs (`once_key`);
- a delivery leaves at most once: it is claimed by a conditional update before it is handed over;
- what concerns security or money cannot be switched off in the app itself.

Written by: this app's services. Who is told is decided by the table in `rules` and found by `flows.notify`.
"""
