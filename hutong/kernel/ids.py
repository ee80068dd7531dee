"""Public ids: a prefix that says what it is, and a UUIDv7 in base32, so they sort by the time of making."""

import os
import time
from datetime import UTC, datetime
from typing import Any

from django.db import models

# Crockford's base32 in lower case: no i, l, o, u, so that an id can be read out loud.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """A new id such as `ord_01jz8v...`: `prefix`, an underscore, 26 symbols (RFC 9562 version 7)."""
    # Ids are names, not business times: this reads the clock for their order alone.
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (
        (milliseconds << 80)
        | (7 << 76)
        | ((random >> 64 & 0xFFF) << 64)
        | (0b10 << 62)
        | (random & (1 << 62) - 1)
    )
    symbols = []
    for _ in range(26):
        symbols.append(_ALPHABET[value & 31])
        value >>= 5
    return f"{prefix}_{''.join(reversed(symbols))}"


def made_at(public_id: str) -> datetime | None:
    """When an id was made, to the millisecond (RFC 9562 version 7); None of what is no id of ours."""
    symbols = public_id.rpartition("_")[2]
    if len(symbols) != 26 or any(symbol not in _ALPHABET for symbol in symbols):
        return None
    value = 0
    for symbol in symbols:
        value = value * 32 + _ALPHABET.index(symbol)
    try:
        return datetime.fromtimestamp((value >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


class NewId:
    """A default for model fields: calls `new_id` with its prefix. A class, so that migrations can name it."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def __call__(self) -> str:
        return new_id(self.prefix)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NewId) and other.prefix == self.prefix

    def __hash__(self) -> int:
        return hash(self.prefix)

    def deconstruct(self) -> tuple[str, tuple[str], dict[str, Any]]:
        """How a migration writes this default down."""
        return "hutong.kernel.ids.NewId", (self.prefix,), {}


def public_id_field(prefix: str) -> "models.CharField[str, str]":
    """The column `public_id` of a model: unique, made by itself, never edited."""
    return models.CharField(max_length=40, unique=True, default=NewId(prefix), editable=False)


def ref_field(**options: Any) -> "models.CharField[str, str]":
    """A column that holds the public id of something in another room (`order_ref`, `unit_ref`)."""
    return models.CharField(max_length=40, **options)
