"""What a bank account has to look like before money is sent there."""

from __future__ import annotations

import re
from enum import StrEnum

from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from hutong.kernel.text import clean
from hutong.pay.settlement.types import AccountType, BankDetails

HOLDER_LIMIT = 70  # what a credit transfer carries
SEPA = frozenset(
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO "
    "RS SE SI SK SM VA".split()
)
"""Countries whose accounts are named by an IBAN alone, in credit transfers of the Single Euro Payments Area."""


_ALIPAY = re.compile(r"1\d{10}|[^@\s]{1,64}@[a-z0-9.-]{3,60}", re.ASCII)
_STRIPE = re.compile(r"acct_[A-Za-z0-9]{8,64}")


class AccountFault(StrEnum):
    """What is wrong with an account as it was typed."""

    HOLDER = "holder"
    COUNTRY = "country"
    IBAN = "iban"
    IBAN_COUNTRY = "iban_country"
    IBAN_NEEDED = "iban_needed"
    NUMBER = "number"
    ALIPAY = "alipay"
    STRIPE = "stripe"
    BANK_CODE = "bank_code"
    BIC = "bic"


class AccountWrong(ValueError):
    """The account cannot be one; `fault` says where."""

    def __init__(self, fault: AccountFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def bank_details(
    *, holder: str, country: str, iban: str = "", account_number: str = "", bank_code: str = "", bic: str = ""
) -> BankDetails:
    """The account as it is kept: without blanks, letters large. Raises AccountWrong.

    An IBAN's check digits, length and form are those of its country (ISO 13616), which also is the account's.
    Without one there are a number of 4 to 34 and a bank code of 3 to 20 letters and digits.
    """
    holder, country = _holder(holder), country.strip().upper()
    iban, account_number, bank_code, bic = map(_bare, (iban, account_number, bank_code, bic))
    if len(country) != 2 or not country.isascii() or not country.isalpha():
        raise AccountWrong(AccountFault.COUNTRY)
    if iban:
        iban = _checked_iban(iban, country)
        account_number = bank_code = ""
    elif country in SEPA:
        raise AccountWrong(AccountFault.IBAN_NEEDED)
    elif not _code(account_number, 4, 34):
        raise AccountWrong(AccountFault.NUMBER)
    elif not _code(bank_code, 3, 20):
        raise AccountWrong(AccountFault.BANK_CODE)
    if bic and not bics.is_valid(bic):
        raise AccountWrong(AccountFault.BIC)
    return BankDetails(holder, country, iban, account_number, bank_code, bic)


def alipay_details(*, holder: str, account: str) -> BankDetails:
    """An account at Alipay as it is kept: by the e-mail address or the phone number of China that signs in there.

    Raises AccountWrong.
    """
    holder, account = _holder(holder), clean(account, limit=100).replace(" ", "").lower()
    account = account.removeprefix("+86")
    if not _ALIPAY.fullmatch(account):
        raise AccountWrong(AccountFault.ALIPAY)
    return BankDetails(holder, "CN", "", account, "", "", AccountType.ALIPAY)


def stripe_details(*, holder: str, account: str) -> BankDetails:
    """An account at Stripe as it is kept: by its id, in which large and small letters differ. Raises AccountWrong."""
    holder, account = _holder(holder), clean(account, limit=100)
    if not _STRIPE.fullmatch(account):
        raise AccountWrong(AccountFault.STRIPE)
    return BankDetails(holder, "", "", account, "", "", AccountType.STRIPE)


def _holder(typed: str) -> str:
    holder = clean(typed, limit=HOLDER_LIMIT)
    if len(holder) < 2:
        raise AccountWrong(AccountFault.HOLDER)
    return holder


def _checked_iban(iban: str, country: str) -> str:
    try:
        checked = str(ibans.validate(iban))
    except ValidationError as error:
        raise AccountWrong(AccountFault.IBAN) from error
    if checked[:2] != country:
        raise AccountWrong(AccountFault.IBAN_COUNTRY)
    return checked


def _bare(text: str) -> str:
    return "".join(symbol for symbol in clean(text, limit=100) if symbol not in " -").upper()


def _code(text: str, least: int, most: int) -> bool:
    return least <= len(text) <= most and text.isascii() and text.isalnum()
