"""The providers' bills, day after day: fetched once they are made, matched, and what does not fit is told."""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hutong.pay.payments import queries as payments
from hutong.pay.payments import services
from hutong.pay.payments.providers.errors import (
    BillNotReady,
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
)
from hutong.pay.payments.providers.registry import bill_zone, provider_names
from hutong.pay.payments.types import BillView

CATCH_UP = timedelta(days=31)
"""How far back days are fetched that were missed, as providers keep their bills for some weeks at least."""


_NOT_NOW = (BillNotReady, ProviderUnavailable, OutcomeUnknown, ProviderRefused)


def run(*, at: datetime) -> list[BillView]:
    """Fetch and match every bill that is made and not here yet, up to yesterday; those that are new.

    A provider's first bill is yesterday's. Days follow each other: where one is not to be had, the ones after it
    wait for the next round. Never inside a transaction.
    """
    found: list[BillView] = []
    for provider in provider_names():
        yesterday = at.astimezone(ZoneInfo(bill_zone(provider))).date() - timedelta(days=1)
        newest = payments.newest_bill_on(provider)
        on = max(newest + timedelta(days=1), yesterday - CATCH_UP) if newest else yesterday
        while on <= yesterday:
            try:
                found.append(services.reconcile_bill(provider=provider, on=on, at=at))
            except _NOT_NOW as error:
                logging.getLogger("hutong.bills").warning("%s, %s: %s", provider, on, error.code)
                break
            on += timedelta(days=1)
    return found
