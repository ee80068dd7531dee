"""A provider paid what it held into the platform's bank account: its bill says so, or an operator has seen it there."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Forbidden
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.services import post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.payments import services
from hutong.pay.payments.types import BankInView
from hutong.town.people.models import Person
from hutong.town.regions.queries import default_region


class MoreThanHeld(Conflict):
    """By our books the provider does not hold so much."""

    code = "more_than_held"
    message = _("By our books this payment service does not hold so much. Its last bill may not be here yet.")


def enter(
    *,
    provider: str,
    amount: Money,
    on: date,
    entry: str,
    another: bool = False,
    note: str,
    by: Person,
    at: datetime,
) -> BankInView:
    """An operator says that a provider paid `amount` into our bank account on a day, and it is booked; once for each
    `entry`. `another` says that it is not what a bill names. Raises `Forbidden`, `BankInInvalid`, `BankInBilled`,
    `MoreThanHeld`.
    """
    _operator(by)
    region = default_region()
    today = at.astimezone(ZoneInfo(region.zone if region else settings.TIME_ZONE)).date()
    with transaction.atomic():
        entered, new = services.enter_bank_in(
            provider=provider,
            amount=amount,
            on=on,
            today=today,
            entry=entry,
            another=another,
            note=note,
            by=by.public_id,
            at=at,
        )
        if new:
            # Not guarded: the account is hot. A typing error is what this is to catch.
            if -ledger.balance(AccountKind.CLEARING, provider, amount.unit) < amount:
                raise MoreThanHeld
            book(entered, at=at)
    return entered


def undo(*, bank_in_ref: str, by: Person, at: datetime) -> None:
    """Take back what was entered by hand; it is booked back. Raises `Forbidden`, `BankInNotFound`, `BankInUndone`."""
    _operator(by)
    with transaction.atomic():
        undone = services.undo_bank_in(bank_in_ref=bank_in_ref, by=by.public_id, at=at)
        _post(undone, -undone.amount, f"bank_in:{bank_in_ref}:undone", at)


def book(paid: BankInView, *, at: datetime) -> None:
    """What left the provider arrived at the bank; or, where the amount is negative, the other way round."""
    _post(paid, paid.amount, f"bank_in:{paid.bank_in_ref}", at)


def _post(paid: BankInView, amount: Money, reference: str, at: datetime) -> None:
    bank, held = (AccountKind.BANK, PLATFORM), (AccountKind.CLEARING, paid.provider)
    # Both are what is ours, and so below nothing: the bank's gets further below, the provider's less.
    source, target = (bank, held) if amount.minor > 0 else (held, bank)
    whole = amount if amount.minor > 0 else -amount
    transfer = TransferSpec(*source, *target, whole)
    post(kind=TransactionKind.BANK_IN, reference=reference, transfers=[transfer], at=at)


def _operator(by: Person) -> None:
    if not by.is_operator:
        raise Forbidden
