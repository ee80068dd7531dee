"""The providers' bills, day after day: fetched once they are made, matched, booked, and what does not fit is told."""

import logging
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from hutong.flows import bank_in, differences
from hutong.kernel.errors import Forbidden
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
from hutong.town.people.models import Person

CATCH_UP = timedelta(days=31)
"""How far back days are fetched that were missed, as providers keep their bills for some weeks at least."""


_NOT_NOW = (BillNotReady, ProviderUnavailable, OutcomeUnknown, ProviderRefused)


def run(*, at: datetime) -> list[BillView]:
    """Fetch, match and book every bill that is made and not here yet, up to yesterday; those that are new.

    A provider's first bill is yesterday's. Days follow each other: where one is not to be had, the ones after it
    wait for the next round. Never inside a transaction.
    """
    differences.look_at_open(at=at)
    found: list[BillView] = []
    for provider in provider_names():
        yesterday = at.astimezone(ZoneInfo(bill_zone(provider))).date() - timedelta(days=1)
        newest = payments.newest_bill_on(provider)
        on = max(newest + timedelta(days=1), yesterday - CATCH_UP) if newest else yesterday
        while on <= yesterday:
            try:
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
