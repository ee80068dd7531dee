"""Where a merchant is paid, and on which terms. Each joins the caller's transaction or opens its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Invalid
from hutong.kernel.locking import advisory
from hutong.pay.settlement.models import PayoutAccount, PayoutTerms
from hutong.pay.settlement.queries.accounts import account_view
from hutong.pay.settlement.rules.accounts import (
    AccountFault,
    AccountWrong,
    alipay_details,
    bank_details,
    stripe_details,
)
from hutong.pay.settlement.types import BankAccount, PayoutEvery

LONGEST_HOLDBACK_DAYS = 180

_WORDS = {
    AccountFault.HOLDER: _("Please say in whose name the account is."),
    AccountFault.COUNTRY: _("Please choose the country of the bank."),
    AccountFault.IBAN: _("This IBAN is not right. Please compare it with your bank's letter, sign by sign."),
    AccountFault.IBAN_COUNTRY: _("The first two letters of the IBAN say another country than you chose."),
    AccountFault.IBAN_NEEDED: _("Accounts in this country are named by their IBAN. Please enter it."),
    AccountFault.NUMBER: _("Please enter the account number: 4 to 34 letters and digits."),
    AccountFault.BANK_CODE: _("Please enter the code of the bank: 3 to 20 letters and digits."),
    AccountFault.ALIPAY: _(
        "Please enter the e-mail address or the phone number by which you sign in at Alipay."
    ),
    AccountFault.STRIPE: _("Please enter the id of the account at Stripe: it begins with acct_."),
    AccountFault.BIC: _("This BIC is not right: it has 8 or 11 letters and digits. You may leave it empty."),
}


class BankAccountInvalid(Invalid):
    """The account cannot be one; `fault` names the field."""

    code = "bank_account_invalid"
    message = _("This bank account is not right.")


class TermsInvalid(Invalid):
    """No merchant is paid like this."""

    code = "payout_terms_invalid"
    message = _("Please give 0 to 180 days, and a minimum of nothing or more.")


def set_account(
    *,
    merchant_ref: str,
    holder: str,
    country: str,
    iban: str,
    account_number: str,
    bank_code: str,
    bic: str,
    alipay: str = "",
    stripe: str = "",
    cooling_days: int,
    by: str,
    at: datetime,
) -> BankAccount:
    """Pay a merchant to this account from now on; the same account again changes nothing.

    A first account may be paid to at once. Another one only after `cooling_days`, since whoever takes over an
    owner's phone changes it first; meanwhile nothing is paid out. With `alipay` or `stripe` it is the account there of
    that name, and nothing but `holder` is needed besides. Raises BankAccountInvalid.
    """
    try:
        if alipay:
            details = alipay_details(holder=holder, account=alipay)
        elif stripe:
            details = stripe_details(holder=holder, account=stripe)
        else:
            details = bank_details(
                holder=holder,
                country=country,
                iban=iban,
                account_number=account_number,
                bank_code=bank_code,
                bic=bic,
            )
    except AccountWrong as error:
        raise BankAccountInvalid(_WORDS[error.fault], fault=error.fault.value) from error
    with transaction.atomic():
        advisory("settlement.account", merchant_ref)
        known = PayoutAccount.objects.filter(merchant_ref=merchant_ref, replaced_at=None).first()
        before = account_view(known) if known else None
        if before is not None and before.details == details:
            return before
        if known is not None:
            PayoutAccount.objects.filter(pk=known.pk).update(replaced_at=at)
        made = PayoutAccount.objects.create(
            merchant_ref=merchant_ref,
            kind=details.kind.value,
            holder=details.holder,
            country=details.country,
            iban=details.iban,
            account_number=details.account_number,
            bank_code=details.bank_code,
            bic=details.bic,
            created_by=by,
            created_at=at,
            usable_at=at + timedelta(days=cooling_days) if known else at,
        )
        audit.record(
            action="payout_account.changed" if known else "payout_account.set",
            subject=made.public_id,
            by=by,
            at=at,
            before={"account": before.details.masked if before else ""},
            after={"account": details.masked},
            merchant=merchant_ref,
        )
        return account_view(made)


def set_terms(
    *,
    merchant_ref: str,
    every: PayoutEvery,
    holdback_days: int | None,
    minimum: int | None,
    unit: str,
    by: str,
    at: datetime,
) -> None:
    """Pay a merchant otherwise than the site does; None is as the site does. `minimum` in minor units of `unit`.

    Raises TermsInvalid.
    """
    if holdback_days is not None and not 0 <= holdback_days <= LONGEST_HOLDBACK_DAYS:
        raise TermsInvalid
    if minimum is not None and minimum < 0:
        raise TermsInvalid
    after = {
        "every": every.value,
        "holdback_days": holdback_days,
        "minimum": minimum,
        "unit": unit if minimum is not None else "",
    }
    with transaction.atomic():
        advisory("settlement.terms", merchant_ref)
        known = PayoutTerms.objects.filter(merchant_ref=merchant_ref)
        before = known.values(*after).first() or {
            "every": PayoutEvery.BATCH.value,
            "holdback_days": None,
            "minimum": None,
            "unit": "",
        }
        PayoutTerms.objects.update_or_create(merchant_ref=merchant_ref, defaults=after)
        audit.record(
            action="payout_terms.changed",
            subject=merchant_ref,
            by=by,
            at=at,
            before=before,
            after=after,
            merchant=merchant_ref,
        )
