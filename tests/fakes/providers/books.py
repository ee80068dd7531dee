"""What a simulated provider knows: trades, refunds, and the rows of its bill. Safe to share between threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any


class TradeState(StrEnum):
    """Where a trade stands at the provider."""

    OPEN = "open"
    PAID = "paid"
    FAILED = "failed"
    CLOSED = "closed"


class BackState(StrEnum):
    """Where a refund stands at the provider."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Back:
    """A refund: money on its way back."""

    ref: str
    provider_ref: str
    trade_ref: str
    amount: int
    unit: str
    state: BackState
    created_at: datetime
    ended_at: datetime | None = None
    returned_at: datetime | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Trade:
    """Money asked for. `paid` and `paid_unit` are what really came. `data` is what the request said besides."""

    ref: str
    provider_ref: str
    amount: int
    unit: str
    created_at: datetime
    expires_at: datetime | None = None
    state: TradeState = TradeState.OPEN
    paid: int = 0
    paid_unit: str = ""
    paid_at: datetime | None = None
    changed_at: datetime | None = None
    data: dict[str, Any] = field(default_factory=dict)
    backs: list[Back] = field(default_factory=list)

    @property
    def sent_back(self) -> int:
        """What went back or is on its way."""
        return sum(back.amount for back in self.backs if back.state is not BackState.FAILED)


@dataclass(frozen=True)
class BillRow:
    """A line of the bill: a payment (`refund_ref` empty) or a refund, and the provider's fee (negative: given back)."""

    ref: str
    provider_ref: str
    refund_ref: str
    amount: int
    unit: str
    fee: int
    status: str
    at: datetime


class Refused(Exception):
    """The provider says no. `why` is a word of the books; each protocol has its own code for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Planted = Callable[[list[BillRow]], list[BillRow]]


class Books:
    """One provider's books. `offset` sets its clock apart from ours; `fee_ppm` is what it keeps of a payment."""

    def __init__(self, *, prefix: str, fee_ppm: int = 6_000) -> None:
        self.lock = threading.RLock()
        self.trades: dict[str, Trade] = {}
        self.backs: dict[str, Back] = {}
        self.planted: list[Planted] = []
        self.offset = timedelta()
        self.fee_ppm = fee_ppm
        self._prefix = prefix
        self._numbers = 0

    def now(self) -> datetime:
        """The provider's clock."""
        return datetime.now(UTC) + self.offset

    def new_ref(self, kind: str) -> str:
        """A number of the provider's own, never used before."""
        with self.lock:
            self._numbers += 1
            return f"{self._prefix}{kind}{self.now():%Y%m%d}{self._numbers:010d}"

    def open(
        self, ref: str, *, amount: int, unit: str, expires_at: datetime | None = None, **data: Any
    ) -> Trade:
        """The trade of this reference, made now if there is none; `Refused` where it was made with other money."""
        with self.lock:
            known = self.trades.get(ref)
            if known is not None:
                if (known.amount, known.unit) != (amount, unit):
                    raise Refused("ref_used")
                return self.trade(ref)
            made = Trade(ref, self.new_ref("T"), amount, unit, self.now(), expires_at, data=data)
            made.changed_at = made.created_at
            self.trades[ref] = made
            return made

    def trade(self, ref: str) -> Trade:
        """A trade by our reference or the provider's number, closed where its time is over; `Refused` ("absent")."""
        with self.lock:
            found = self.trades.get(ref) or next(
                (trade for trade in self.trades.values() if trade.provider_ref == ref), None
            )
            if found is None:
                raise Refused("absent")
            over = found.expires_at is not None and found.expires_at <= self.now()
            if found.state is TradeState.OPEN and over:
                self._move(found, TradeState.CLOSED)
            return found

    def pay(self, ref: str, *, amount: int | None = None, unit: str = "", late: bool = False) -> Trade:
        """The shopper pays; a trade that is not open stays as it is, unless `late` (money after the close)."""
        with self.lock:
            trade = self.trade(ref)
            if trade.state is TradeState.OPEN or (late and trade.state is TradeState.CLOSED):
                trade.paid, trade.paid_unit = trade.amount if amount is None else amount, unit or trade.unit
                trade.paid_at = self.now()
                self._move(trade, TradeState.PAID)
            return trade

    def fail(self, ref: str) -> Trade:
        """The shopper's bank says no."""
        with self.lock:
            trade = self.trade(ref)
            if trade.state is TradeState.OPEN:
                self._move(trade, TradeState.FAILED)
            return trade

    def close(self, ref: str) -> Trade:
        """Call an open trade off; `Refused` ("paid") where the money is there."""
        with self.lock:
            trade = self.trade(ref)
            if trade.state is TradeState.PAID:
                raise Refused("paid")
            if trade.state is TradeState.OPEN:
                self._move(trade, TradeState.CLOSED)
            return trade

    def refund(
        self, ref: str, *, trade_ref: str, amount: int, unit: str, pending: bool = False, **data: Any
    ) -> Back:
        """Send money back, once for each reference, and never more than came."""
        with self.lock:
            known = self.backs.get(ref)
            if known is not None:
                if (known.amount, known.unit) != (amount, unit):
                    raise Refused("ref_used")
                return known
            trade = self.trade(trade_ref)
            if trade.state is not TradeState.PAID:
                raise Refused("not_paid")
            if amount <= 0 or unit != trade.paid_unit or trade.sent_back + amount > trade.paid:
                raise Refused("too_much")
            state = BackState.PENDING if pending else BackState.DONE
            back = Back(ref, self.new_ref("R"), trade.ref, amount, unit, state, self.now(), data=data)
            back.ended_at = None if pending else back.created_at
            trade.backs.append(back)
            self.backs[ref] = back
            trade.changed_at = self.now()
            return back

    def back(self, ref: str) -> Back:
        """A refund by our reference or the provider's number; `Refused` ("absent")."""
        with self.lock:
            found = self.backs.get(ref) or next(
                (back for back in self.backs.values() if back.provider_ref == ref), None
            )
            if found is None:
                raise Refused("absent")
            return found

    def end_refund(self, ref: str, *, done: bool) -> Back:
        """A refund that was pending comes to its end."""
        with self.lock:
            back = self.back(ref)
            if back.state is BackState.PENDING:
                back.state = BackState.DONE if done else BackState.FAILED
                back.ended_at = self.now()
                self.trades[back.trade_ref].changed_at = back.ended_at
            return back

    def return_refund(self, ref: str) -> Back:
        """The shopper's bank sends a refund back that was done: the provider has its money again."""
        with self.lock:
            back = self.back(ref)
            assert back.state is BackState.DONE, "only what was sent comes back"
            back.state, back.returned_at = BackState.FAILED, self.now()
            self.trades[back.trade_ref].changed_at = back.returned_at
            return back

    def fee(self, amount: int) -> int:
        """What the provider keeps, rounded half up."""
        return (amount * self.fee_ppm + 500_000) // 1_000_000

    def bill(self, on: date, *, zone: tzinfo = UTC) -> list[BillRow]:
        """The lines of one day of a zone, with what was planted: each function of `planted` may change the list."""
        with self.lock:
            lines = [line for line in self._lines() if line.at.astimezone(zone).date() == on]
        for change in self.planted:
            lines = change(lines)
        return lines

    def _lines(self) -> Iterator[BillRow]:
        for trade in self.trades.values():
            if trade.paid_at is None:
                continue
            fee = self.fee(trade.paid)
            yield BillRow(
                trade.ref, trade.provider_ref, "", trade.paid, trade.paid_unit, fee, "SUCCESS", trade.paid_at
            )
            for back in trade.backs:
                sent = back.state is BackState.DONE or back.returned_at is not None
                if sent and back.ended_at is not None:
                    given = -self.fee(back.amount)
                    money = (back.amount, back.unit, given)
                    yield BillRow(trade.ref, trade.provider_ref, back.ref, *money, "REFUND", back.ended_at)
                if back.returned_at is not None:
                    money = (-back.amount, back.unit, 0)
                    named = (trade.ref, trade.provider_ref, back.ref)
                    yield BillRow(*named, *money, "refund_failure", back.returned_at)

    def _move(self, trade: Trade, state: TradeState) -> None:
        trade.state, trade.changed_at = state, self.now()
