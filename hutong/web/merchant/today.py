"""The shop's day: what was redeemed, what came in, what waits to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.orders import queries as orders
from hutong.pay.settlement import queries as settlement
from hutong.pay.settlement.types import Earnings
from hutong.town.catalog.queries import merchant_offers
from hutong.town.merchants.types import Right
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.rules import UNDO_WINDOW
from hutong.visit.vouchers.types import RedeemedLine
from hutong.web.merchant import home
from hutong.web.merchant.access import Desk, staff
from hutong.web.merchant.charts import earned_by_day
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.parts import wants_part

CHART_DAYS = 14


@dataclass(frozen=True, slots=True)
class DayLine:
    """A scan: the first of its redemptions, how many uses it took, what was paid for them (None for those who see no
    money) and whether it can be undone, which takes back all of them."""

    line: RedeemedLine
    uses: int
    paid: Money | None
    undoable: bool


@staff
@require_safe
def today(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What needs doing, and the day so far in the desk's store; money for who may see takings.

    The live part is read again by itself, without what needs doing.
    """
    at = clock.now()
    # A shop that is not approved redeems nothing, so it has no day to show.
    sees_day = desk.approved and desk.may(Right.SEE_TODAY)
    context: dict[str, Any] = {"day": at, "lines": [], "sees_day": sees_day}
    if sees_day:
        day = clock.local(at, desk.store.zone).date()
        context["lines"] = _lines(desk, day, at)
        context["redeemed"] = sum(each.uses for each in context["lines"] if not each.line.undone_at)
        if desk.may(Right.SEE_TAKINGS):
            context |= _money(desk, day)
    if not wants_part(request):
        edits = desk.may(Right.EDIT_DEALS, everywhere=True)
        offers = merchant_offers(desk.merchant_ref) if edits else []
        checks = home.checks(desk)
        context |= {
            "todos": home.todos(desk, offers, at),
            "checks": checks,
            "needed": [line for line in checks if line.must],
            "advised": [line for line in checks if not line.must],
            "needed_done": sum(line.done for line in checks if line.must),
            "actions": home.actions(desk),
            "standing": home.standing(desk, checks),
        }
    return merchant_page(
        request, desk, "merchant/today.html", context, tab="today", part="merchant/_today.html"
    )


def _lines(desk: Desk, day: date, at: datetime) -> list[DayLine]:
    starts_at, ends_at = clock.day_bounds(day, desk.store.zone)
    found = vouchers.today([desk.store.store_id], starts_at=starts_at, ends_at=ends_at)
    paid: dict[str, Money] = {}
    if desk.may(Right.SEE_TAKINGS) and found:
        paid = {unit.unit_ref: unit.paid for unit in orders.units([line.unit_ref for line in found])}
    me = desk.device.ref if desk.device else desk.person.public_id if desk.person else ""
    scans: dict[str, list[RedeemedLine]] = {}
    for line in found:
        scans.setdefault(line.scan_ref, []).append(line)
    return [
        DayLine(
            line=next(line for line in lines if line.redemption_ref == scan_ref),
            uses=len(lines),
            paid=_sum([paid[unit] for unit in {line.unit_ref for line in lines} if unit in paid]),
            undoable=lines[0].undone_at is None
            and at - lines[0].at < UNDO_WINDOW
            and (desk.may(Right.UNDO) or lines[0].actor_ref == me),
        )
        for scan_ref, lines in scans.items()
    ]


def _sum(amounts: Sequence[Money]) -> Money | None:
    return sum(amounts[1:], amounts[0]) if amounts else None


def _money(desk: Desk, day: date) -> dict[str, Any]:
    store = desk.store
    starts_at, ends_at = clock.day_bounds(day, store.zone)
    days = settlement.daily(
        desk.merchant_ref,
        store_ref=store.ref,
        unit=store.currency,
        zone=store.zone,
        first_on=day - timedelta(days=CHART_DAYS - 1),
        last_on=day,
    )
    sold = orders.takings(
        merchant_id=desk.merchant_id, unit=store.currency, starts_at=starts_at, ends_at=ends_at
    )
    return {
        "sold": sold,
        "earned": days[-1][1],
        "earned_yesterday": days[-2][1],
        "chart": earned_by_day(days, unit=store.currency),
        "days": day_rows(days),
        "fortnight": sum((earned.net for _day, earned in days), Money(0, store.currency)),
    }


def day_rows(days: Sequence[tuple[date, Earnings]]) -> list[dict[str, Any]]:
    """The chart as a table, for those who do not see it."""
    locale = "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"
    return [
        {
            "name": format_date(day, "EEE d MMM" if locale == "en_GB" else "M月d日 EEE", locale=locale),
            "earned": earned,
        }
        for day, earned in days
    ]
