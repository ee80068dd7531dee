"""Days of which a provider can give no bill any more: two operators say so, and their months wait for none."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import close_month, reconcile
from hutong.kernel.clock import day_bounds
from hutong.kernel.errors import Conflict, Forbidden, Invalid
from hutong.pay.payments import services
from hutong.pay.payments.providers.registry import bill_zone, provider_names
from hutong.pay.payments.types import WithoutBillView
from hutong.town.people.models import Person

MOST_DAYS = 366


class DaysInvalid(Invalid):
    """No span of days, one too long, or of a payment service that is not used here."""

    code = "days_invalid"
    message = _("Please name a payment service, and days of at most one year.")


class BillMayCome(Conflict):
    """A bill is waited for some days before anybody may say that there is none."""

    code = "bill_may_come"
    message = _("The bill of the last of these days may still come. Wait until it is three days late.")


def ask(
    *, provider: str, first_on: date, last_on: date, reason: str, by: Person, at: datetime
) -> WithoutBillView:
    """An operator says that there is no bill of the missing days of a span, and why; a second one has to agree.

    Days at either end that have their bill are no part of it. Raises `Forbidden`, `DaysInvalid`, `BillNotMissing`,
    `BillMayCome`, `WhyNoBill`, `WithoutBillSaid`.
    """
    _operator(by)
    if provider not in provider_names() or not 0 <= (last_on - first_on).days < MOST_DAYS:
        raise DaysInvalid
    lacking = reconcile.missing(at=at, since=day_bounds(first_on, bill_zone(provider))[0])
    days = [on for name, on in lacking if name == provider and first_on <= on <= last_on]
    if not days:
        raise reconcile.BillNotMissing
    if not reconcile.overdue([(provider, max(days))], at=at):
        raise BillMayCome
    return services.ask_without_bill(
        provider=provider, first_on=min(days), last_on=max(days), reason=reason, by=by.public_id, at=at
    )


def agree(*, ref: str, by: Person, at: datetime) -> WithoutBillView:
    """A second operator agrees: nobody waits for the bills of these days.

    Raises `Forbidden`, `WithoutBillNotFound`, `WithoutBillDecided`, `SecondPersonNeeded`.
    """
    _operator(by)
    return services.agree_without_bill(ref=ref, by=by.public_id, at=at)


def decline(*, ref: str, by: Person, at: datetime) -> WithoutBillView:
    """An operator gives it up. Raises `Forbidden`, `WithoutBillNotFound`, `WithoutBillDecided`."""
    _operator(by)
    return services.decline_without_bill(ref=ref, by=by.public_id, at=at)


def take_back(*, ref: str, by: Person, at: datetime) -> WithoutBillView:
    """There is a bill after all, and its days are missing again. Raises as `decline`, and `MonthClosed` where a month was
    closed that had waited for one of them.
    """
    _operator(by)
    with transaction.atomic():
        services.hold_bills()
        taken_back = services.take_back_without_bill(ref=ref, by=by.public_id, at=at)
        close_month.keep_closed(until_on=taken_back.first_on, provider=taken_back.provider)
    return taken_back


def _operator(by: Person) -> None:
    if not by.is_operator:
        raise Forbidden
