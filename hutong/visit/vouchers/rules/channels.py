"""Codes of other channels, as their lists, papers and screens write them. Pure."""

import re
import unicodedata
from dataclasses import replace
from datetime import date, datetime, timedelta

from hutong.visit.vouchers.rules.terms import MOST_DAYS, ends_at
from hutong.visit.vouchers.types import Terms, VoucherKind

# A shorter code would be guessed; what is longer is an address or a sentence.
CODE_SYMBOLS = range(8, 41)
# Twelve digits and more are rounded by spreadsheets, and written like this.
_SHORTENED = re.compile(r"\d[.,]\d+[Ee]\+?\d+")
KINDS = (VoucherKind.SINGLE, VoucherKind.CASH)
"""The kinds of vouchers with one use: others have more to remember than a code."""


def channel_code(written: str) -> str | None:
    """The code in what a list says, somebody typed or a scanner read; None when it cannot be one.

    Forgives case, full-width letters, spaces, punctuation, and what spreadsheets put around numbers (`="0123"`).
    Nothing is known of the channel's alphabet, so no letter is taken for a digit.
    """
    symbols = [one for one in unicodedata.normalize("NFKC", written[:200]).upper() if one.isalnum()]
    fits = len(symbols) in CODE_SYMBOLS and all(one.isascii() for one in symbols)
    return "".join(symbols) if fits and not is_shortened(written) else None


def is_shortened(written: str) -> bool:
    """Whether a spreadsheet rounded a long number, so that several codes look the same."""
    return _SHORTENED.fullmatch(written.strip()) is not None


def ends_on(terms: Terms, last_on: date | None, *, zone: str, at: datetime) -> datetime | None:
    """When a channel's voucher ends: by the terms of its deal, or after the last day that the channel promised, with the
    night that begins on it. None for a day that is over, or further away than any voucher holds."""
    if last_on is not None:
        if abs(last_on - at.date()) > timedelta(days=MOST_DAYS):
            return None
        terms = replace(terms, valid_days=MOST_DAYS, last_on=last_on)
    until = ends_at(terms, zone=zone, at=at)
    return until if until > at else None
