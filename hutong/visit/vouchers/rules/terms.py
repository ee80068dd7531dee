"""Whether a voucher's terms allow a use, and why not: asked by its page, by programs and by the scanner alike. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hutong.kernel.money import Money
from hutong.visit.vouchers.types import (
    Asked,
    Choice,
    Days,
    Hours,
    RefundPromise,
    Refusal,
    Terms,
    TermsReason,
    VoucherKind,
)

MOST_DAYS = 3650
MOST_USES = 100
MOST_SPANS = 20
MOST_CHOICES = 40

_ALL_DAY = Hours(time.min, time.min)


def refusal(terms: Terms, asked: Asked, *, zone: str, until: datetime, at: datetime) -> Refusal | None:
    """Why a use as `asked` is refused at `at` on the shop's wall clock in `zone`, or None where it is not.

    The first thing that is wrong, in the order of `TermsReason`. `until` is when the voucher ends; what its state,
    its store and its end say is asked elsewhere.
    """
    found = not_now(terms, zone=zone, until=until, at=at)
    if found:
        return found
    if terms.at_once is not None and asked.uses > terms.at_once:
        return Refusal(TermsReason.TOO_MANY, most=terms.at_once)
    own = asked.uses if asked.own is None else asked.own
    if terms.a_day is not None and asked.used_today + own > terms.a_day:
        return Refusal(TermsReason.DAY_IS_USED, _next_day(terms, zone, until, at), most=terms.a_day)
    if terms.kind is VoucherKind.CHOICE:
        return _choice_refusal(terms, asked, own)
    if terms.kind is VoucherKind.CASH:
        return _bill_refusal(terms, asked)
    return None


def not_now(terms: Terms, *, zone: str, until: datetime, at: datetime) -> Refusal | None:
    """Why the days and hours do not allow any use at `at`, with the next moment before `until` at which they do."""
    wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    # A night's hours belong to the day on which they begin: so both days are asked, and one that says yes is enough.
    reason = _wrong_day(terms, wall.date()) or TermsReason.HOUR
    for day in (wall.date(), wall.date() - timedelta(days=1)):
        if any(_holds(span, day, wall) for span in _spans(terms)):
            wrong = _wrong_day(terms, day)
            if wrong is None:
                return None
            reason = wrong
    return Refusal(reason, next_usable(terms, zone=zone, after=at, until=until))


def next_usable(terms: Terms, *, zone: str, after: datetime, until: datetime) -> datetime | None:
    """The first moment in [`after`, `until`) that the days and hours allow; None where there is none.

    A wall time that the clock skips in spring is the moment to which it skips.
    """
    place = ZoneInfo(zone)
    first = after.astimezone(place).date() - timedelta(days=1)
    last = until.astimezone(place).date()
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if _wrong_day(terms, day):
            continue
        for span in sorted(_spans(terms), key=lambda one: one.opens):
            start = _moment(day, span.opens, place)
            end = _moment(_last_on(span, day), span.closes, place)
            moment = max(start, after)
            if moment < min(end, until):
                return moment
    return None


def ends_at(terms: Terms, *, zone: str, at: datetime) -> datetime:
    """When a voucher sold at `at` ends: after its last day, as `end_of_day` has it."""
    last_on = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=terms.valid_days)
    if terms.last_on:
        last_on = min(last_on, terms.last_on)
    return end_of_day(terms, last_on, zone=zone)


def end_of_day(terms: Terms, day: date, *, zone: str) -> datetime:
    """The moment after the last one of `day` on the shop's clock: with the night that begins on it."""
    return _moment(day + timedelta(days=1), _turn(terms), ZoneInfo(zone))


def starts_at(terms: Terms, *, zone: str, at: datetime) -> datetime:
    """From when a voucher sold at `at` holds: at once, or from the beginning of its first day."""
    return at if terms.first_on is None else max(at, _moment(terms.first_on, time.min, ZoneInfo(zone)))


def ever_usable(terms: Terms, *, zone: str, at: datetime) -> bool:
    """Whether a voucher sold at `at` can be used at any moment at all."""
    after = starts_at(terms, zone=zone, at=at)
    return next_usable(terms, zone=zone, after=after, until=ends_at(terms, zone=zone, at=at)) is not None


def may_take_back(terms: Terms, *, until: datetime, at: datetime) -> bool:
    """Whether its terms promise the shopper the money of what is unused at `at`, of a voucher that ends at `until`."""
    if terms.refund is RefundPromise.UNTIL_EXPIRY:
        return at < until
    return terms.refund is RefundPromise.ANY_TIME


def day_of(terms: Terms, *, zone: str, at: datetime) -> tuple[datetime, datetime]:
    """The day to which a use at `at` counts, from its first moment to its last: with the night that belongs to it."""
    place = ZoneInfo(zone)
    wall = at.astimezone(place).replace(tzinfo=None)
    turn = _turn(terms)
    day = wall.date() - timedelta(days=1) if wall.time() < turn else wall.date()
    return _moment(day, turn, place), _moment(day + timedelta(days=1), turn, place)


def left_of_day(terms: Terms, uses_left: int, used_today: int) -> int:
    """How many of its uses one voucher gives at most on a day on which it gave `used_today`."""
    if terms.a_day is None:
        return uses_left
    return max(0, min(uses_left, terms.a_day - used_today))


def faults(terms: Terms, *, unit: str) -> list[str]:
    """What contradicts itself in the terms, as stable codes in the order of the form; empty where nothing does."""
    kind, several = terms.kind, terms.uses > 1
    return [
        code
        for code, broken in (
            ("valid_days", not 1 <= terms.valid_days <= MOST_DAYS),
            ("uses", not 1 <= terms.uses <= MOST_USES),
            ("uses_of_kind", several if kind in (VoucherKind.SINGLE, VoucherKind.PASS) else False),
            ("card_of_one", kind is VoucherKind.CARD and not several),
            ("days", bool(terms.first_on and terms.last_on and terms.first_on > terms.last_on)),
            ("weekdays", not terms.weekdays <= frozenset(range(1, 8))),
            ("hours", len(terms.hours) > MOST_SPANS),
            ("closed", len(terms.closed) > MOST_SPANS or any(d.first_on > d.last_on for d in terms.closed)),
            ("people", terms.people is not None and not 1 <= terms.people <= 100),
            ("at_once", terms.at_once is not None and not 1 <= terms.at_once <= MOST_USES),
            ("a_day", terms.a_day is not None and not 1 <= terms.a_day <= MOST_USES),
            ("book_ahead", not 0 <= terms.book_ahead_h <= 24 * 60),
            ("choices", (kind is VoucherKind.CHOICE) is not bool(terms.choices)),
            ("choices_many", len(terms.choices) > MOST_CHOICES),
            ("choices_few", bool(terms.choices) and sum(one.most for one in terms.choices) < terms.uses),
            ("face", (kind is VoucherKind.CASH) is not bool(terms.face)),
            ("money", any(m and (m.unit != unit or m.minor <= 0) for m in (terms.face, terms.least_bill))),
        )
        if broken
    ]


def to_json(terms: Terms) -> dict[str, Any]:
    """The terms as plain JSON values. What says nothing beyond the defaults is left out."""
    said: dict[str, Any] = {
        "kind": terms.kind.value,
        "valid_days": terms.valid_days,
        "uses": terms.uses,
        "first_on": terms.first_on and terms.first_on.isoformat(),
        "last_on": terms.last_on and terms.last_on.isoformat(),
        "weekdays": sorted(terms.weekdays),
        "hours": [
            [span.opens.isoformat("minutes"), span.closes.isoformat("minutes")] for span in terms.hours
        ],
        "closed": [[days.first_on.isoformat(), days.last_on.isoformat()] for days in terms.closed],
        "people": terms.people,
        "at_once": terms.at_once,
        "a_day": terms.a_day,
        "book_ahead_h": terms.book_ahead_h,
        "refund": terms.refund.value,
        "choices": [{"names": dict(one.names), "most": one.most} for one in terms.choices],
        "face": _money_out(terms.face),
        "least_bill": _money_out(terms.least_bill),
    }
    return {name: value for name, value in said.items() if value not in (None, [], 0)}


def from_json(stored: Mapping[str, Any]) -> Terms:
    """The terms that `to_json` wrote. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    return Terms(
        valid_days=stored["valid_days"],
        uses=stored["uses"],
        kind=VoucherKind(stored.get("kind", VoucherKind.SINGLE.value)),
        first_on=_day_in(stored.get("first_on")),
        last_on=_day_in(stored.get("last_on")),
        weekdays=frozenset(stored.get("weekdays", ())),
        hours=tuple(
            Hours(time.fromisoformat(opens), time.fromisoformat(closes))
            for opens, closes in stored.get("hours", ())
        ),
        closed=tuple(
            Days(date.fromisoformat(first), date.fromisoformat(last))
            for first, last in stored.get("closed", ())
        ),
        people=stored.get("people"),
        at_once=stored.get("at_once"),
        a_day=stored.get("a_day"),
        book_ahead_h=stored.get("book_ahead_h", 0),
        refund=RefundPromise(stored.get("refund", RefundPromise.ANY_TIME.value)),
        choices=tuple(
            Choice(names=dict(one["names"]), most=one["most"]) for one in stored.get("choices", ())
        ),
        face=_money_in(stored.get("face")),
        least_bill=_money_in(stored.get("least_bill")),
    )


def _spans(terms: Terms) -> tuple[Hours, ...]:
    return terms.hours or (_ALL_DAY,)


def _turn(terms: Terms) -> time:
    """The time at which one day's uses end and the next one's begin."""
    return max((span.closes for span in _spans(terms) if span.closes <= span.opens), default=time.min)


def _last_on(span: Hours, day: date) -> date:
    return day + timedelta(days=1) if span.closes <= span.opens else day


def _holds(span: Hours, day: date, wall: datetime) -> bool:
    opens = datetime.combine(day, span.opens)
    return opens <= wall < datetime.combine(_last_on(span, day), span.closes)


def _wrong_day(terms: Terms, day: date) -> TermsReason | None:
    if any(days.first_on <= day <= days.last_on for days in terms.closed):
        return TermsReason.CLOSED_DAY
    if terms.weekdays and day.isoweekday() not in terms.weekdays:
        return TermsReason.WEEKDAY
    return None


def _next_day(terms: Terms, zone: str, until: datetime, at: datetime) -> datetime | None:
    _start, end = day_of(terms, zone=zone, at=at)
    return next_usable(terms, zone=zone, after=end, until=until) if end < until else None


def _choice_refusal(terms: Terms, asked: Asked, own: int) -> Refusal | None:
    if len(asked.choices) != own or not set(asked.choices) <= set(range(len(terms.choices))):
        return Refusal(TermsReason.CHOICE_MISSING)
    for position, times in sorted(Counter(asked.choices).items()):
        most = terms.choices[position].most
        if (asked.taken or {}).get(position, 0) + times > most:
            return Refusal(TermsReason.CHOICE_TAKEN, most=most)
    return None


def _bill_refusal(terms: Terms, asked: Asked) -> Refusal | None:
    if terms.least_bill is None:
        return None
    if asked.bill is None or asked.bill.unit != terms.least_bill.unit:
        return Refusal(TermsReason.BILL_MISSING, least=terms.least_bill * asked.uses)
    # Two vouchers at once want a bill of twice the least amount, as two visits would.
    least = terms.least_bill * asked.uses
    return Refusal(TermsReason.BILL_SMALL, least=least) if asked.bill < least else None


def _moment(day: date, wall: time, place: ZoneInfo) -> datetime:
    """The moment of a wall time, in UTC, in which moments compare; a skipped one is that to which the clock skips."""
    return datetime.combine(day, wall, place).astimezone(UTC)


def _money_out(amount: Money | None) -> list[Any] | None:
    return [amount.minor, amount.unit] if amount else None


def _money_in(stored: list[Any] | None) -> Money | None:
    return Money(*stored) if stored else None


def _day_in(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None
