"""Shapes of scans that were made without a network."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Annotated

from ninja import Schema
from pydantic import AwareDatetime, Field, StringConstraints

from hutong.flows.offline_scans import MOST_FACTS, Bundle, Told
from hutong.visit.vouchers.rules.terms import MOST_USES
from hutong.visit.vouchers.types.offline import Bearer, ScanFact, ScanOutcome

from .base import ONE_LINE, Ref, said

# A clock may be wrong, but not so wrong that days cannot be counted with it.
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]


class ScanIn(Schema):
    """One scan: `nonce` is its own for ever, `qr` the whole text of the QR, `scanned_at` by the device's clock."""

    nonce: Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[!-~]+$")]
    qr: Annotated[str, StringConstraints(min_length=1, max_length=700, pattern=ONE_LINE)]
    scanned_at: Moment
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1

    def fact(self) -> ScanFact:
        """What the flow takes."""
        return ScanFact(nonce=self.nonce, qr=self.qr, scanned_at=self.scanned_at, uses=self.uses)


class OfflineIn(Schema):
    """Scans in the order they were made. `now` is what the device's clock says while it sends them."""

    now: Moment
    scans: Annotated[list[ScanIn], Field(max_length=MOST_FACTS)]
    store: Ref | None = Field(None, description="Where. A device is always in its own store.")


class ScanOut(Schema):
    """What came of one scan. `at` is its moment by the server's clock, `reason` the code of a conflict."""

    nonce: str
    outcome: ScanOutcome
    ref: str | None
    reason: str | None
    at: datetime | None
    borne_by: Bearer | None
    replay: bool


class OfflineOut(Schema):
    """What came of each scan, in their order. `clock_off_s` is by how much the device's clock was slow."""

    scans: list[ScanOut]
    clock_off_s: int

    @staticmethod
    def of(told: Told) -> OfflineOut:
        """The shape of `told`."""
        return OfflineOut(
            clock_off_s=told.clock_off_s,
            scans=[
                ScanOut(
                    nonce=one.nonce,
                    outcome=one.outcome,
                    ref=one.ref or None,
                    reason=one.reason or None,
                    at=one.at,
                    borne_by=one.borne_by,
                    replay=one.replay,
                )
                for one in told.scans
            ],
        )


class KeyOut(Schema):
    """A public key (Ed25519, 32 bytes in base64) by its number."""

    number: int
    key: str


class LimitsOut(Schema):
    """When a scanner stops: hours since it last reached the site, scans in its queue, their value in minor units."""

    allowed: bool
    most_hours: int
    most_scans: int
    most_value_minor: int


class BundleOut(Schema):
    """What a scanner keeps for the time without a network.

    `revoked` are marks of vouchers that are over before their time, the first 12 hexadecimal digits of the SHA-256 of
    a voucher's ref, the newest first; `revoked_complete` is false where there are more. A voucher that was given away
    is not over, but the code that its giver has is: of that the mark is taken of the code, as it stands in the QR.
    """

    at: datetime
    merchant: str
    store: str
    store_mark: str
    store_name: str
    zone: str
    currency: str
    keys: list[KeyOut]
    limits: LimitsOut
    revoked: list[str]
    revoked_complete: bool

    @staticmethod
    def of(bundle: Bundle) -> BundleOut:
        """The shape of `bundle`."""
        limits = bundle.limits
        return BundleOut(
            at=bundle.at,
            merchant=bundle.merchant_ref,
            store=bundle.store_ref,
            store_mark=bundle.store_mark,
            store_name=said(bundle.store_names),
            zone=bundle.zone,
            currency=bundle.currency,
            keys=[
                KeyOut(number=number, key=base64.b64encode(key).decode())
                for number, key in bundle.keys.items()
            ],
            limits=LimitsOut(
                allowed=limits.allowed,
                most_hours=limits.most_hours,
                most_scans=limits.most_scans,
                most_value_minor=limits.most_value_minor,
            ),
            revoked=list(bundle.revoked),
            revoked_complete=bundle.revoked_complete,
        )
