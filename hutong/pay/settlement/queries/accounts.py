"""Where merchants are paid, and on which terms."""

from __future__ import annotations

from hutong.kernel.money import exponent
from hutong.pay.settlement.models import PayoutAccount, PayoutTerms
from hutong.pay.settlement.types import AccountType, BankAccount, BankDetails, PayoutEvery, SiteTerms, Terms


def account_of(merchant_ref: str) -> BankAccount | None:
    """The account a merchant is paid to now, or None."""
    row = PayoutAccount.objects.filter(merchant_ref=merchant_ref, replaced_at=None).first()
    return account_view(row) if row else None


def accounts_of(merchant_ref: str) -> list[BankAccount]:
    """Every account a merchant was ever paid to, the newest first."""
    found = PayoutAccount.objects.filter(merchant_ref=merchant_ref).order_by("-pk")
    return [account_view(row) for row in found]


def account_view(row: PayoutAccount) -> BankAccount:
    """A row as the value that crosses the boundary."""
    return BankAccount(
        ref=row.public_id,
        merchant_ref=row.merchant_ref,
        details=details_of(row),
        created_at=row.created_at,
        created_by=row.created_by,
        usable_at=row.usable_at,
    )


def details_of(row: PayoutAccount) -> BankDetails:
    """What the bank needs of an account."""
    return BankDetails(
        row.holder,
        row.country,
        row.iban,
        row.account_number,
        row.bank_code,
        row.bic,
        AccountType(row.kind),
    )


def terms_of(merchant_ref: str, *, unit: str, site: SiteTerms) -> Terms:
    """When and how a merchant is paid in `unit`: its own terms, and where there are none the site's."""
    row = PayoutTerms.objects.filter(merchant_ref=merchant_ref).first()
    return terms_view(row, unit=unit, site=site)


def terms_view(row: PayoutTerms | None, *, unit: str, site: SiteTerms) -> Terms:
    """The terms in a row, or the site's."""
    own_holdback = row is not None and row.holdback_days is not None
    own_minimum = row.minimum if row is not None and row.unit == unit else None
    return Terms(
        every=PayoutEvery(row.every) if row is not None else PayoutEvery.BATCH,
        holdback_days=row.holdback_days
        if row is not None and row.holdback_days is not None
        else site.holdback_days,
        own_holdback=own_holdback,
        minimum=own_minimum if own_minimum is not None else site.minimum * int(10 ** exponent(unit)),
    )
