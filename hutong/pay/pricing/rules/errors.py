"""What cannot be priced, read back or cancelled."""

from __future__ import annotations


class CartInvalid(ValueError):
    """The cart cannot be priced: empty, too big, an amount below zero, or more than one unit of money."""


class QuoteInvalid(ValueError):
    """A stored quote does not read back: unknown version, missing parts, or sums that do not add up."""


class CancellationInvalid(ValueError):
    """These units of the quote cannot be cancelled: there are none like them, or they were cancelled before."""
