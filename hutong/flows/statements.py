"""What a merchant earned, was charged and was paid, line by line: of a month, or of one payout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from hutong.flows.payouts import zone_of
from hutong.kernel.clock import day_bounds, local
from hutong.kernel.errors import NotFound
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.settlement import queries
from hutong.pay.settlement.types import LineKind, PayoutView, StatementLine
from hutong.town.merchants import queries as merchants


class NoSuchStatement(NotFound):
    """The month has not begun, or nothing was owed yet; or the payout is not this merchant's."""

    code = "no_such_statement"
    message = _("There is no statement of this time.")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the names people know: of the deal and the store; `order_ref` is "" where there is no order."""

    entry: StatementLine
    titles: dict[str, str]
    store_names: dict[str, str]
    order_ref: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What the lines add up to. `redeemed` to `net` are of redemptions less what was undone."""

    units: int
    gross: Money
    commission: Money
    commission_tax: Money
    provider_fee: Money
    net: Money
    adjusted: Money
    paid_out: Money
    """What left, less what came back; positive."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement. `closing = opening + sums.net + sums.adjusted - sums.paid_out`, exactly.

    Of a month, `opening` and `closing` are the balance when it began and ended (or now, while it runs). Of a
    payout both are nothing: its lines and the payout itself are in balance.
    """

    merchant_ref: str
    merchant_names: dict[str, str]
    legal_name: str
    business_id: str
    unit: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    opening: Money
    closing: Money
    lines: tuple[Line, ...]
    sums: Sums
    month: date | None
    payout: PayoutView | None


def months_of(merchant_ref: str, *, unit: str, at: datetime) -> list[date]:
    """The months there are statements of, the newest first, each as its first day; the running one is among them."""
    began_at = queries.began_at(merchant_ref, unit=unit)
    if began_at is None:
        return []
    zone = zone_of(merchant_ref)
    first, month = local(began_at, zone).date().replace(day=1), local(at, zone).date().replace(day=1)
    found = []
    while month >= first:
        found.append(month)
        month = _before(month)
    return found


def of_month(merchant_ref: str, *, unit: str, month: date, at: datetime) -> Statement:
    """The statement of a month of the merchant's zone; `month` is any day of it. Raises `NoSuchStatement`."""
    month = month.replace(day=1)
    if month not in months_of(merchant_ref, unit=unit, at=at):
        raise NoSuchStatement
    zone = zone_of(merchant_ref)
    starts_at, ends_at = month_bounds(month, zone)
    found = queries.lines(merchant_ref, unit=unit, starts_at=starts_at, ends_at=ends_at)
    opening = queries.balance_at(merchant_ref, unit=unit, at=starts_at)
    return _statement(
        merchant_ref,
        found,
        unit=unit,
        zone=zone,
        span=(starts_at, ends_at),
        opening=opening,
        closing=sum((each.amount for each in found), opening),
        month=month,
    )


def of_payout(payout_ref: str, *, merchant_ref: str) -> Statement:
    """What a payout that left was made of. Raises `NoSuchStatement`."""
    payout = queries.payout(payout_ref, merchant_ref=merchant_ref)
    if payout is None or payout.sent_at is None:
        raise NoSuchStatement
    unit = payout.amount.unit
    left = StatementLine(LineKind.PAID_OUT, payout.sent_at, payout.ref, -payout.amount)
    found = [*queries.lines_of_payout(payout_ref), left]
    nothing = Money(0, unit)
    return _statement(
        merchant_ref,
        found,
        unit=unit,
        zone=zone_of(merchant_ref),
        span=(min(each.at for each in found), payout.sent_at),
        opening=nothing,
        closing=sum((each.amount for each in found), nothing),
        payout=payout,
    )


def month_bounds(month: date, zone: str) -> tuple[datetime, datetime]:
    """When a month begins and when the next one does, in a zone."""
    return day_bounds(month, zone)[0], day_bounds(after(month), zone)[0]


def after(month: date) -> date:
    """The first day of the month that follows."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _statement(
    merchant_ref: str,
    found: Sequence[StatementLine],
    *,
    unit: str,
    zone: str,
    span: tuple[datetime, datetime],
    opening: Money,
    closing: Money,
    month: date | None = None,
    payout: PayoutView | None = None,
) -> Statement:
    merchant = merchants.merchant_by_ref(merchant_ref)
    if merchant is None:
        raise NoSuchStatement
    return Statement(
        merchant_ref=merchant_ref,
        merchant_names=merchant.names,
        legal_name=merchant.legal_name,
        business_id=merchant.business_id,
        unit=unit,
        zone=zone,
        starts_at=span[0],
        ends_at=span[1],
        opening=opening,
        closing=closing,
        lines=tuple(_named(found)),
        sums=_sums(found, unit),
        month=month,
        payout=payout,
    )


def _named(found: Sequence[StatementLine]) -> list[Line]:
    """The lines with names; one statement for the orders, one for the stores."""
    of_units = (LineKind.REDEEMED, LineKind.UNDONE)
    sold = {
        unit.unit_ref: unit for unit in orders.units([each.ref for each in found if each.kind in of_units])
    }
    stores = merchants.names_of({each.store_ref for each in found if each.store_ref})
    return [
        Line(
            entry=each,
            titles=dict(sold[each.ref].titles) if each.ref in sold else {},
            store_names=dict(stores.get(each.store_ref, {})),
            order_ref=sold[each.ref].order_ref if each.ref in sold else "",
        )
        for each in found
    ]


def _sums(found: Sequence[StatementLine], unit: str) -> Sums:
    nothing = Money(0, unit)
    units = [each for each in found if each.kind in (LineKind.REDEEMED, LineKind.UNDONE)]

    def total(kinds: tuple[LineKind, ...]) -> Money:
        return sum((each.amount for each in found if each.kind in kinds), nothing)

    return Sums(
        units=sum(1 if each.kind is LineKind.REDEEMED else -1 for each in units),
        gross=sum((each.gross for each in units if each.gross is not None), nothing),
        commission=sum((each.commission for each in units if each.commission is not None), nothing),
        commission_tax=sum(
            (each.commission_tax for each in units if each.commission_tax is not None), nothing
        ),
        provider_fee=sum((each.provider_fee for each in units if each.provider_fee is not None), nothing),
        net=total((LineKind.REDEEMED, LineKind.UNDONE)),
        adjusted=total((LineKind.ADJUSTED,)),
        paid_out=-total((LineKind.PAID_OUT, LineKind.BOUNCED)),
    )
