"""Paying merchants out: by an operator, with the site's terms; the merchant is told when money arrived or came back."""

from collections.abc import Iterable
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import transfers
from hutong.flows.notify import moment, notify
from hutong.kernel.errors import Conflict, Forbidden
from hutong.kernel.money import Money
from hutong.pay.payments.services import TransferUnderWay, give_up_transfer, record_transfer
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.rules import bank_files
from hutong.pay.settlement.types import (
    AdjustmentReason,
    AdjustmentView,
    BankAccount,
    BatchState,
    BatchView,
    Claim,
    CorrectionView,
    PayoutEvery,
    PayoutState,
    PayoutView,
    SiteTerms,
    Waiting,
)
from hutong.town.merchants import queries as merchants
from hutong.town.notifications.types import Kind
from hutong.town.people.models import Person
from hutong.town.regions.queries import currencies as currencies_of_regions
from hutong.town.regions.queries import region_by_id


class NoFileYet(Conflict):
    """A file for the bank is made of a batch that was sent; the XML of payouts in euros to an IBAN, from one."""

    code = "no_file_yet"
    message = _("There is no such file of this batch: it was not sent, or the bank takes it as a table only.")


def site_terms() -> SiteTerms:
    """How this site pays out, as its settings say."""
    return SiteTerms(
        holdback_days=settings.HUTONG_HOLDBACK_DAYS,
        cooling_days=settings.HUTONG_PAYOUT_COOLING_DAYS,
        second_above=settings.HUTONG_PAYOUT_SECOND_ABOVE,
        minimum=settings.HUTONG_PAYOUT_MINIMUM,
    )


def currencies() -> list[str]:
    """The currencies there may be something to pay in: those owed, else those of the regions."""
    return queries.units_owed() or currencies_of_regions()


def due(*, unit: str, on: date, at: datetime) -> tuple[list[Claim], list[Waiting]]:
    """Who would be paid by a batch made now, and who is owed something and would not be."""
    return services.waiting_for(unit=unit, on=on, site=site_terms(), at=at, least=transfers.least(unit))


def make(*, unit: str, on: date, by: Person, at: datetime) -> BatchView:
    """A draft of everything due in `unit`. Raises `Forbidden`, `NothingToPay`."""
    _operators_only(by)
    least = transfers.least(unit)
    made, _waiting = services.make_batch(
        unit=unit, on=on, site=site_terms(), by=by.public_id, at=at, least=least
    )
    return made


def approve(*, batch_ref: str, by: Person, at: datetime) -> BatchView:
    """An operator says yes. Raises `Forbidden`, `BatchNotFound`, `BatchMoved`, `AnotherApproves`."""
    _operators_only(by)
    return services.approve_batch(batch_ref=batch_ref, by=by.public_id, at=at)


def drop(*, batch_ref: str, reason: str, by: Person, at: datetime) -> BatchView:
    """An operator gives a batch up. Raises `Forbidden`, `BatchNotFound`, `BatchMoved`, `ReasonNeeded`."""
    _operators_only(by)
    return services.drop_batch(batch_ref=batch_ref, reason=reason, by=by.public_id, at=at)


def send(*, batch_ref: str, by: Person, at: datetime) -> BatchView:
    """Post every payout of an approved batch, after which its files can be fetched. Never inside a transaction.

    Those to accounts at a provider that sends money are asked of it by a worker, a moment later.

    Raises `Forbidden`, `BatchNotFound`, `BatchMoved`, `PayoutTooLarge`.
    """
    _operators_only(by)
    found = queries.batch(batch_ref)
    through, least = (transfers.through(found.unit), transfers.least(found.unit)) if found else ({}, {})
    sent = services.send_batch(batch_ref=batch_ref, by=by.public_id, at=at, through=through, least=least)
    transfers.run_soon(at=at)
    return sent


def table_for_bank(batch_ref: str) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of what was sent, did not come back and is not in the XML: no payout is in two files.

    Raises `NoFileYet`, also where all of it is in the XML.
    """
    _batch, payouts = _sent(batch_ref)
    _xml, table = for_bank(payouts)
    if not table:
        raise NoFileYet
    return bank_files.table(table, purpose=settings.HUTONG_SITE_NAME)


def xml_for_bank(batch_ref: str) -> bytes:
    """The SEPA credit transfer of a batch in euros; payouts without an IBAN are in the table, and only there.

    Raises `NoFileYet`, also where the site has not said which account it pays from.
    """
    batch, payouts = _sent(batch_ref)
    assert batch.sent_at is not None, "it was sent"
    payer = bank_files.Payer(
        settings.HUTONG_BANK_HOLDER or settings.HUTONG_SITE_NAME,
        settings.HUTONG_BANK_IBAN,
        settings.HUTONG_BANK_BIC,
    )
    fitting, _table = for_bank(payouts)
    try:
        return bank_files.credit_transfer(
            fitting, batch_ref=batch_ref, payer=payer, on=batch.on, at=batch.sent_at
        )
    except bank_files.NotForSepa as error:
        raise NoFileYet from error


def for_bank(payouts: Iterable[PayoutView]) -> tuple[list[PayoutView], list[PayoutView]]:
    """What of a batch goes into the XML and what into the table; in neither is what never left, came back, or is sent by
    a provider.

    Where the site has not said which account it pays from there is no XML, and all is in the table.
    """
    gone = (PayoutState.DROPPED, PayoutState.BOUNCED)
    going = [each for each in payouts if each.state not in gone and not each.via]
    in_xml = [each for each in going if settings.HUTONG_BANK_IBAN and bank_files.fits_sepa(each)]
    return in_xml, [each for each in going if each not in in_xml]


def paid(*, payout_ref: str, by: Person, at: datetime) -> PayoutView:
    """A payout arrived, as the bank says; the merchant is told once.

    Raises `Forbidden`, `PayoutNotFound`, `PayoutMoved`, `TransferUnderWay` where a provider sends it.
    """
    _operators_only(by)
    known = queries.payout(payout_ref)
    if known is not None and known.via and known.state is PayoutState.SENT:
        raise TransferUnderWay
    with transaction.atomic():
        found = services.confirm_paid(payout_ref=payout_ref, by=by.public_id, at=at)
        transfers.tell(found, at=at)
        return found


def all_paid(*, batch_ref: str, by: Person, at: datetime) -> int:
    """Every payout of a batch that is on its way arrived; how many. Raises as `paid`."""
    _operators_only(by)
    ways = [each for each in queries.payouts_of_batch(batch_ref) if each.state is PayoutState.SENT]
    ways = [each for each in ways if not each.via]
    for each in ways:
        paid(payout_ref=each.ref, by=by, at=at)
    return len(ways)


def bounced(*, payout_ref: str, reason: str, by: Person, at: datetime) -> PayoutView:
    """A payout came back; the merchant is told why, and the next batch has it again.

    One that a provider sends is given up, if the provider has never got it; never inside a transaction. Raises
    `Forbidden`, `PayoutNotFound`, `PayoutMoved`, `ReasonNeeded`, `TransferUnderWay`.
    """
    _operators_only(by)
    known = queries.payout(payout_ref)
    given_up = None
    if known is not None and known.via and known.state is PayoutState.SENT and reason.strip():
        given_up = give_up_transfer(ref=payout_ref, at=at)
    with transaction.atomic():
        if given_up is not None and not record_transfer(report=given_up, at=at):
            raise TransferUnderWay
        found = services.mark_bounced(
            payout_ref=payout_ref,
            reason=reason,
            by=by.public_id,
            at=at,
            of_provider=given_up is not None,
        )
        transfers.tell(found, at=at)
        return found


def adjust(
    *,
    merchant_ref: str,
    amount: Money,
    reason: AdjustmentReason,
    entry: str,
    note: str,
    by: Person,
    at: datetime,
) -> AdjustmentView | CorrectionView:
    """An operator gives a merchant something or takes it, with a word why; once for each `entry`.

    Above what one operator may write off it waits for another, and nothing is booked yet.

    Raises `Forbidden`, `NothingToAdjust`, `ReasonNeeded`, `ReferenceReused`.
    """
    _operators_only(by)
    return services.adjust(
        merchant_ref=merchant_ref,
        amount=amount,
        reason=reason,
        entry=entry,
        note=note,
        by=by.public_id,
        at=at,
        alone_up_to=settings.HUTONG_WRITE_OFF_LIMIT,
    )


def agree(*, correction_ref: str, by: Person, at: datetime) -> AdjustmentView:
    """A second operator agrees to a correction, and it is booked.

    Raises `Forbidden`, `CorrectionNotFound`, `CorrectionDecided`, `SecondPersonNeeded`.
    """
    _operators_only(by)
    return services.agree_to_correction(correction_ref=correction_ref, by=by.public_id, at=at)


def decline(*, correction_ref: str, by: Person, at: datetime) -> CorrectionView:
    """An operator gives a correction up that waits. Raises `Forbidden`, `CorrectionNotFound`, `CorrectionDecided`."""
    _operators_only(by)
    return services.decline_correction(correction_ref=correction_ref, by=by.public_id, at=at)


def set_terms(
    *,
    merchant_ref: str,
    every: PayoutEvery,
    holdback_days: int | None,
    minimum: int | None,
    unit: str,
    by: Person,
    at: datetime,
) -> None:
    """An operator says how a merchant is paid. Raises `Forbidden`, `TermsInvalid`."""
    _operators_only(by)
    services.set_terms(
        merchant_ref=merchant_ref,
        every=every,
        holdback_days=holdback_days,
        minimum=minimum,
        unit=unit,
        by=by.public_id,
        at=at,
    )


def set_account(*, merchant_ref: str, typed: dict[str, str], by: Person, at: datetime) -> BankAccount:
    """The merchant says where its money goes; everybody who sees its money is told of a change.

    Who may do so is for the caller to ask. Raises `BankAccountInvalid`.
    """
    with transaction.atomic():
        before = queries.account_of(merchant_ref)
        made = services.set_account(
            merchant_ref=merchant_ref,
            cooling_days=settings.HUTONG_PAYOUT_COOLING_DAYS,
            by=by.public_id,
            at=at,
            **typed,
        )
        merchant = merchants.merchant_by_ref(merchant_ref)
        if before is not None and made.ref != before.ref:
            transfers.account_changed(merchant_ref=merchant_ref, at=at)
        if before is not None and made.ref != before.ref and merchant is not None:
            notify(
                Kind.BANK_ACCOUNT_CHANGED,
                at=at,
                merchant_ref=merchant_ref,
                subject_ref=made.ref,
                params={
                    "merchant": merchant.names,
                    "account": made.details.masked,
                    "on": moment(made.usable_at, zone_of(merchant_ref)),
                },
                once=made.ref,
            )
        return made


def zone_of(merchant_ref: str) -> str:
    """The zone a merchant's months are counted in: that of its region."""
    merchant = merchants.merchant_by_ref(merchant_ref)
    region = region_by_id(merchant.region_id) if merchant else None
    return region.zone if region else settings.TIME_ZONE


def _sent(batch_ref: str) -> tuple[BatchView, list[PayoutView]]:
    batch = queries.batch(batch_ref)
    if batch is None:
        raise services.BatchNotFound
    if batch.state not in (BatchState.SENT, BatchState.CLOSED):
        raise NoFileYet
    return batch, queries.payouts_of_batch(batch_ref)


def _operators_only(by: Person) -> None:
    if not by.is_operator:
        raise Forbidden
