"""What providers may keep of a payment."""

from collections.abc import Mapping
from datetime import date

from django.db.models import QuerySet

from hutong.pay.payments.models import AgreedRate
from hutong.pay.payments.types import AgreedFee, AgreedRateView


def agreed_fees(provider: str, *, on: date) -> Mapping[str, AgreedFee]:
    """What a provider keeps of a payment on its bill of a day, by currency, where something is agreed of it."""
    return {
        row.unit: AgreedFee(row.rate_ppm, row.fixed)
        for row in _newest(AgreedRate.objects.filter(provider=provider, since__lte=on))
        if row.rate_ppm is not None
    }


def agreed_rates() -> list[AgreedRateView]:
    """What holds of each provider and currency, or will from a day on; each from the newest day that was named."""
    return [
        AgreedRateView(row.provider, row.unit, row.since, AgreedFee(row.rate_ppm, row.fixed))
        for row in _newest(AgreedRate.objects.all())
        if row.rate_ppm is not None
    ]


def _newest(found: QuerySet[AgreedRate]) -> list[AgreedRate]:
    return list(found.order_by("provider", "unit", "-since").distinct("provider", "unit"))
