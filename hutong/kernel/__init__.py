"""What every room stands on and no room is about: money, time, ids, places, errors, locks, the outbox.

The kernel knows no business noun and imports nothing of the house above it.
"""
