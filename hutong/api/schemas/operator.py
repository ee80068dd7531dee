"""Shapes of the operator's side: what waits for a decision, and the figures of a day."""

from __future__ import annotations

import datetime as dt

from ninja import Schema
from pydantic import Field

from hutong.pay.orders.types import DayFigures

from .base import Line, MoneyOut
from .town import DealOut, MerchantOut


class QueueOut(Schema):
    """What waits for a decision, who waited longest first."""

    merchants: list[MerchantOut]
    deals: list[DealOut]


class DecisionIn(Schema):
    """Yes or no; a no says why."""

    approve: bool
    reason: Line = Field("", description="Needed for a no. The merchant reads it.")


class Decided(Schema):
    """What was decided, and where it stands now."""

    ref: str
    state: str


class FiguresOut(Schema):
    """The figures of one day of a region, in its zone and currency. `gmv` is before refunds."""

    region: str
    on: dt.date
    ordered: int
    paid: int
    gmv: MoneyOut
    shoppers: int
    refunded_units: int
    refunds: MoneyOut
    redeemed_units: int
    redeemed: MoneyOut

    @staticmethod
    def of(figures: DayFigures, region: str, on: dt.date) -> FiguresOut:
        """The shape of `figures`."""
        return FiguresOut(
            region=region,
            on=on,
            ordered=figures.ordered,
            paid=figures.paid,
            gmv=MoneyOut.of(figures.gmv),
            shoppers=figures.shoppers,
            refunded_units=figures.refunded_units,
            refunds=MoneyOut.of(figures.refunds),
            redeemed_units=figures.redeemed_units,
            redeemed=MoneyOut.of(figures.redeemed),
        )
