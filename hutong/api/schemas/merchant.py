"""Shapes of a merchant's own side: its day, its customers, its devices."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from hutong.know.customers.types import (
    CustomerPage,
    CustomerRow,
    Marks,
    Segment,
    Sort,
    TimelineEntry,
    VisitKind,
)
from hutong.pay.orders.types import Takings
from hutong.town.merchants.types import DeviceView, StoreState, StoreView
from hutong.visit.vouchers.types import RedeemedLine

from .base import Cursor, Limit, Line, MoneyOut, Ref, said


class OwnStore(Schema):
    """One of the merchant's stores."""

    ref: str
    name: str
    address: str
    lon: float
    lat: float
    state: StoreState

    @staticmethod
    def of(store: StoreView) -> OwnStore:
        """The shape of `store`."""
        return OwnStore(
            ref=store.ref,
            name=said(store.names),
            address=store.address,
            lon=store.lon,
            lat=store.lat,
            state=store.state,
        )


class TakingsOut(Schema):
    """What a merchant sold, saw used and gave back on one day."""

    sold_units: int
    sold: MoneyOut
    used_units: int
    used: MoneyOut
    refunded_units: int
    refunded: MoneyOut

    @staticmethod
    def of(takings: Takings) -> TakingsOut:
        """The shape of `takings`."""
        return TakingsOut(
            sold_units=takings.sold_units,
            sold=MoneyOut.of(takings.sold),
            used_units=takings.used_units,
            used=MoneyOut.of(takings.used),
            refunded_units=takings.refunded_units,
            refunded=MoneyOut.of(takings.refunded),
        )


class RedeemedOut(Schema):
    """A redemption of the day; it says nothing about the shopper."""

    ref: str
    title: str
    store: str
    by: str
    at: datetime
    undone_at: datetime | None

    @staticmethod
    def of(line: RedeemedLine) -> RedeemedOut:
        """The shape of `line`."""
        return RedeemedOut(
            ref=line.redemption_ref,
            title=said(line.titles),
            store=line.store_ref,
            by=line.actor_ref,
            at=line.at,
            undone_at=line.undone_at,
        )


class TodayOut(Schema):
    """A merchant's day so far. `takings` are the whole merchant's: null for who works in one store only."""

    on: dt.date
    takings: TakingsOut | None
    redemptions: list[RedeemedOut]


class MarksOut(Schema):
    """Recency, frequency and money, each from 1 (weak) to 5 (strong)."""

    recency: int
    frequency: int
    money: int

    @staticmethod
    def of(marks: Marks) -> MarksOut:
        """The shape of `marks`."""
        return MarksOut(recency=marks.recency, frequency=marks.frequency, money=marks.money)


class CustomersAsked(Schema):
    """Which customers, in which order."""

    merchant: Ref | None = Field(None, description="Needed only by somebody who works for several.")
    text: Annotated[Line, Field(max_length=60)] = Field(
        "", description="Part of a name, or up to three last digits of a phone."
    )
    sort: Sort = Sort.RECENCY
    segment: Segment | None = None
    limit: Limit = 25
    after: Cursor | None = Field(None, description="The `next` of the page before.")


class CustomerOut(Schema):
    """Somebody who agreed to be remembered. The phone is masked."""

    ref: str
    name: str
    phone: str
    first_visit_at: datetime | None
    last_visit_at: datetime | None
    visits: int
    spent: MoneyOut
    marks: MarksOut | None
    segment: Segment

    @staticmethod
    def of(customer: CustomerRow) -> CustomerOut:
        """The shape of `customer`."""
        return CustomerOut(
            ref=customer.ref,
            name=customer.name,
            phone=customer.phone_masked,
            first_visit_at=customer.first_visit_at,
            last_visit_at=customer.last_visit_at,
            visits=customer.visits,
            spent=MoneyOut.of(customer.spent),
            marks=MarksOut.of(customer.marks) if customer.marks else None,
            segment=customer.segment,
        )


class VisitOut(Schema):
    """One line of a customer's timeline."""

    kind: VisitKind
    ref: str
    title: str
    store_name: str | None
    amount: MoneyOut
    at: datetime
    undone: bool

    @staticmethod
    def of(entry: TimelineEntry) -> VisitOut:
        """The shape of `entry`."""
        return VisitOut(
            kind=entry.kind,
            ref=entry.ref,
            title=said(entry.titles),
            store_name=said(entry.store_names) if entry.store_names else None,
            amount=MoneyOut.of(entry.amount),
            at=entry.at,
            undone=entry.undone,
        )


class CustomerPageOut(Schema):
    """A customer with the timeline, the newest first."""

    customer: CustomerOut
    consent_since: datetime
    timeline: list[VisitOut]

    @staticmethod
    def of(page: CustomerPage) -> CustomerPageOut:
        """The shape of `page`."""
        return CustomerPageOut(
            customer=CustomerOut.of(page.customer),
            consent_since=page.consent_since,
            timeline=[VisitOut.of(entry) for entry in page.timeline],
        )


class DeviceIn(Schema):
    """A scanner or till, and the store it stands in."""

    store: Ref
    name: Annotated[Line, Field(min_length=1, max_length=80)]


class DeviceOut(Schema):
    """A paired device."""

    ref: str
    name: str
    store: str
    paired_at: datetime

    @staticmethod
    def of(device: DeviceView) -> DeviceOut:
        """The shape of `device`."""
        return DeviceOut(ref=device.ref, name=device.name, store=device.store_ref, paired_at=device.paired_at)


class DevicePaired(Schema):
    """A device that was paired just now. `token` is shown this once: type it into the device."""

    ref: str
    name: str
    store: str
    token: str
    scopes: list[str]


class DealSwitched(Schema):
    """A deal after it was paused or resumed."""

    ref: str
    state: str
