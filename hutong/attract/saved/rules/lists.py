"""Limits of lists and of what is remembered."""

from datetime import timedelta

MOST_LISTS = 50
MOST_ENTRIES = 500
MAX_NAME = 60
MAX_NOTE = 300
# So long what was removed can be had back; then the worker deletes it.
UNDO = timedelta(hours=1)
# Shops that are remembered as seen: of a person, and in the cookie of a visitor without an account.
MOST_SEEN = 50
MOST_SEEN_IN_COOKIE = 20
# What was seen longer ago says nothing any more.
SEEN_FOR = timedelta(days=180)
