"""What the QR of a voucher says to a scanner that cannot ask anybody."""

from dataclasses import dataclass
from datetime import date, datetime

from hutong.visit.vouchers.types.terms import Hours, VoucherKind


@dataclass(frozen=True, slots=True)
class Face:
    """What is signed: whose voucher it is, what it is good for, and when.

    `stores` are marks of the stores in which it is good (`rules.face.store_mark`), empty where these are too many to
    say. `closed` are the first and the last day of times at which it does not hold. `value_minor` is what one use is
    worth. `asks`: only the network can say whether a use is allowed, since more has to be said than fits.
    """

    key_no: int
    merchant_ref: str
    voucher_ref: str
    code: str
    title: str
    kind: VoucherKind
    uses: int
    value_minor: int
    not_before: datetime
    expires_at: datetime
    zone: str
    stores: tuple[str, ...] = ()
    weekdays: frozenset[int] = frozenset()
    hours: tuple[Hours, ...] = ()
    closed: tuple[tuple[date, date], ...] = ()
    at_once: int | None = None
    a_day: int | None = None
    asks: bool = False
