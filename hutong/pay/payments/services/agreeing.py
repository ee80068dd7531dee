"""An operator says what was agreed with a provider about its fees."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Invalid
from hutong.pay.payments.models import AgreedRate
from hutong.pay.payments.providers.registry import has_keys

MOST_FIXED = 1_000_000


class AgreedRateInvalid(Invalid):
    """No such provider here, no currency, or a rate out of bounds."""

    code = "agreed_rate_invalid"
    message = _("A rate lies between 0 and 100 percent, of a payment service and a currency of this site.")


def set_agreed_rate(
    *, provider: str, unit: str, rate_ppm: int | None, fixed: int, since: date, by: str, at: datetime
) -> None:
    """From the bill of `since` on each payment in `unit` has the fee `rate_ppm` and `fixed` minor units, or differs.

    Without a rate fees are not looked at from then on. Said again for the same day, the last word counts. What was
    matched already stays as it is. Raises `AgreedRateInvalid`.
    """
    bounds = rate_ppm is None or (0 <= rate_ppm <= 1_000_000 and 0 <= fixed <= MOST_FIXED)
    if not bounds or not has_keys(provider) or not _is_unit(unit):
        raise AgreedRateInvalid
    fixed = fixed if rate_ppm is not None else 0
    with transaction.atomic():
        before = (
            AgreedRate.objects.filter(provider=provider, unit=unit, since__lte=since)
            .order_by("-since")
            .first()
        )
        AgreedRate.objects.update_or_create(
            provider=provider,
            unit=unit,
            since=since,
            defaults={"rate_ppm": rate_ppm, "fixed": fixed, "by": by, "at": at},
        )
        audit.record(
            action="provider.fee_agreed",
            subject=provider,
            by=by,
            at=at,
            before={
                "unit": unit,
                "rate_ppm": before.rate_ppm if before else None,
                "fixed": before.fixed if before else 0,
            },
            after={"unit": unit, "rate_ppm": rate_ppm, "fixed": fixed, "since": since},
        )


def _is_unit(unit: str) -> bool:
    return len(unit) == 3 and unit.isascii() and unit.isalpha() and unit.isupper()
