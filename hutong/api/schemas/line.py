"""Shapes of the line of a flash sale."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from hutong.flows.flash_sale import Line
from hutong.pay.flashsales.types import Phase

State = Literal["none", "waiting", "admitted", "ordering", "done", "lapsed", "left", "sold_out", "over"]


class LineOut(Schema):
    """Where one stands. Ask again after `ask_again_s` seconds; an order is taken while `state` is `admitted`."""

    deal: str
    phase: Phase
    state: State = Field(description="`none`: no place yet. `lapsed` and `left`: come in again, at the end.")
    now: datetime = Field(description="The server's clock, to count down by.")
    starts_at: datetime
    ends_at: datetime
    gathers_at: datetime = Field(description="From when on one may come into the line.")
    left: int = Field(description="How many nobody has or is paying for.")
    number: int | None = Field(description="Given in the order of arrival.")
    ahead: int | None = Field(description="How many wait in front; null unless one waits.")
    about: bool = Field(description="`ahead` is the most it can be: a long line is not counted.")
    estimate_s: int | None = Field(
        description="The wait at the rate measured now; null where nobody can tell."
    )
    admitted_until: datetime | None
    order: str | None
    ask_again_s: int

    @staticmethod
    def of(line: Line) -> LineOut:
        """The shape of `line`."""
        ticket, estimate = line.ticket, line.wait.estimate
        return LineOut(
            deal=line.sale.offer_ref,
            phase=line.phase,
            state=line.state,  # type: ignore[arg-type]
            now=line.at,
            starts_at=line.sale.starts_at,
            ends_at=line.sale.ends_at,
            gathers_at=line.sale.gathers_at,
            left=line.left,
            number=ticket.number if ticket else None,
            ahead=ticket.ahead if ticket else None,
            about=bool(ticket and ticket.about),
            estimate_s=None if estimate is None else int(estimate.total_seconds()),
            admitted_until=ticket.admitted_until if ticket else None,
            order=(ticket.order_ref or None) if ticket else None,
            ask_again_s=line.wait.ask_again_s,
        )
