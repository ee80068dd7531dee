"""The providers' bills, day after day: fetched once they are made, matched, booked, and what does not fit is told."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import bank_in, differences
from hutong.flows.alarms import isolated
from hutong.kernel import audit
from hutong.kernel.errors import Conflict, Forbidden
from hutong.kernel.money import Money
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.providers.errors import (
    BillNotReady,
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from hutong.pay.payments.providers.registry import bill_zone, provider_names
from hutong.pay.payments.types import Bill, BillView
from hutong.pay.settlement import queries as settlement
from hutong.town.people.models import Person

CATCH_UP = timedelta(days=31)
"""How far back days are fetched that were missed, as providers keep their bills for some weeks at least."""
LATE = timedelta(days=3)
"""How much later than the day after a bill may come before operators are told."""
_LOOK_BACK = timedelta(days=366)


class BillNotMissing(Conflict):
    """A day whose bill is here, is not to come yet, or that nobody needs it of."""

    code = "bill_not_missing"
    message = _("The bill of this day is not missing.")


_NOT_NOW = (BillNotReady, ProviderUnavailable, OutcomeUnknown, ProviderRefused)


def run(*, at: datetime) -> list[BillView]:
    """Fetch, match and book every bill that is made and not here yet, up to yesterday; those that are new.

    A provider's first bill is yesterday's. Days follow each other: where one is not to be had, the ones after it
    wait for the next round, unless two operators said that there is none. A provider whose bill fails keeps no other's
    from coming. Never inside a transaction.
    """
    with isolated("differences", at=at):
        differences.look_at_open(at=at)
    found: list[BillView] = []
    for provider in provider_names():
        with isolated("fetch_bills", provider, at=at):
            found += _new_bills(provider, at)
    return found


def _new_bills(provider: str, at: datetime) -> list[BillView]:
    found: list[BillView] = []
    yesterday = _yesterday(provider, at)
    newest = payments.newest_bill_on(provider)
    on = max(newest + timedelta(days=1), yesterday - CATCH_UP) if newest else yesterday
    without = payments.days_without_bill(provider, since=on)
    while on <= yesterday:
        try:
            if on not in without:
                found.append(of_day(provider=provider, on=on, at=at))
        except _NOT_NOW as error:
            logging.getLogger("hutong.bills").warning("%s, %s: %s", provider, on, error.code)
            break
        on += timedelta(days=1)
    return found


def of_day(*, provider: str, on: date, at: datetime) -> BillView:
    """Fetch the bill of one day, match it, and book what it says. Never inside a transaction: the provider is asked.

    The same bill again changes nothing. Raises `BillNotReady`, `BillChanged`, `ProviderUnavailable`,
    `OutcomeUnknown`, `ProviderRefused`.
    """
    return keep(services.fetch_bill(provider=provider, on=on), provider=provider, on=on, at=at)


def missing(*, at: datetime, since: datetime | None = None) -> list[tuple[str, date]]:
    """Providers and days up to yesterday whose bill is not here, the oldest first: a month with one does not close.

    From the first day on that money moved with a provider, a year back at most, or `since` an earlier moment.
    """
    starts_at = min(since or at, at - _LOOK_BACK)
    found = settlement.missing_bills(starts_at=starts_at, ends_at=at)
    return sorted(
        ((provider, on) for provider, on in found if on <= _yesterday(provider, at)),
        key=lambda each: (each[1], each[0]),
    )


def late(*, at: datetime) -> list[tuple[str, date]]:
    """Those of `missing` that are `LATE`. What is older than a provider's first bill was never waited for."""
    found = overdue(missing(at=at), at=at)
    first = {name: payments.first_bill_on(name) for name in {provider for provider, _day in found}}
    return [(provider, on) for provider, on in found if on > (first[provider] or date.min)]


def overdue(found: Sequence[tuple[str, date]], *, at: datetime) -> list[tuple[str, date]]:
    """Those of `missing` whose bill is `LATE`, whether anybody waited for it or not."""
    return [(provider, on) for provider, on in found if on + LATE <= _yesterday(provider, at)]


def fetch_missing(*, provider: str, on: date, by: Person, at: datetime) -> BillView:
    """An operator has the bill of a missing day fetched. Never inside a transaction: the provider is asked.

    Raises `Forbidden`, `BillNotMissing`, and what `of_day` raises.
    """
    if not by.is_operator:
        raise Forbidden
    if (provider, on) not in missing(at=at):
        raise BillNotMissing
    bill = services.fetch_bill(provider=provider, on=on)
    with transaction.atomic():
        kept = keep(bill, provider=provider, on=on, at=at)
        audit.record(
            action="bill.fetched_by_hand",
            subject=f"{provider} {on.isoformat()}",
            by=by.public_id,
            at=at,
            after={"lines": kept.lines},
        )
    return kept


def _yesterday(provider: str, at: datetime) -> date:
    return at.astimezone(ZoneInfo(bill_zone(provider))).date() - timedelta(days=1)


def keep(bill: Bill, *, provider: str, on: date, at: datetime) -> BillView:
    """Match a bill and book its fees, its payouts and what is different, in one transaction. Raises `BillChanged`."""
    with transaction.atomic():
        kept = services.keep_bill(provider=provider, on=on, bill=bill, at=at)
        if kept.new:
            _book_fees(kept.bill, at)
            differences.book_corrected(kept.corrected, at=at)
            differences.book_found(kept.found, at=at)
            for paid_out in kept.paid_out:
                bank_in.book(paid_out, at=at)
    return kept.bill


def agree(
    *, provider: str, unit: str, rate_ppm: int | None, fixed: int, since: date, by: Person, at: datetime
) -> None:
    """An operator says what a provider keeps of a payment from the bill of a day on; None: fees are not looked at.

    Raises `Forbidden`, `AgreedRateInvalid`.
    """
    if not by.is_operator:
        raise Forbidden
    services.set_agreed_rate(
        provider=provider, unit=unit, rate_ppm=rate_ppm, fixed=fixed, since=since, by=by.public_id, at=at
    )


def _book_fees(bill: BillView, at: datetime) -> None:
    """What the provider kept of all lines of a day, and what it gave back: one transaction, its sums are the bill's."""
    transfers = []
    for each in bill.sums:
        if each.fees_kept:
            transfers.append(
                TransferSpec(
                    AccountKind.PROVIDER_FEES,
                    PLATFORM,
                    AccountKind.CLEARING,
                    bill.provider,
                    Money(each.fees_kept, each.unit),
                )
            )
        if each.fees_back:
            transfers.append(
                TransferSpec(
                    AccountKind.CLEARING,
                    bill.provider,
                    AccountKind.PROVIDER_FEES,
                    PLATFORM,
                    Money(each.fees_back, each.unit),
                )
            )
    if transfers:
        reference = f"fees:{bill.provider}:{bill.on.isoformat()}"
        post(kind=TransactionKind.PROVIDER_FEE, reference=reference, transfers=transfers, at=at)
