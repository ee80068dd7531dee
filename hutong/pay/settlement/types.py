"""What crosses the boundary of `settlement`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hutong.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Share:
    """The amounts of one redeemed unit, fixed at sale: what it sold for and the platform's part of that."""

    unit_ref: str
    gross: Money
    commission: Money


@dataclass(frozen=True, slots=True)
class SettledUnit:
    """One unit as it was settled; `undone_at` is set when its redemption was undone."""

    unit_ref: str
    reference: str
    merchant_ref: str
    store_ref: str
    gross: Money
    commission: Money
    net: Money
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a merchant earned over a span: `gross - commission = net`, undone ones left out."""

    units: int
    gross: Money
    commission: Money
    net: Money
