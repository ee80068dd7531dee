"""Where a merchant's money goes: checked, kept, and not paid to right after it changed."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from hutong.kernel import audit
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import PayoutAccount, PayoutTerms
from hutong.pay.settlement.rules.accounts import AccountFault, AccountWrong, bank_details, stripe_details
from hutong.pay.settlement.types import AccountType, PayoutEvery
from tests.factories.settlement import IBAN, OTHER_IBAN, SITE, account, days


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"iban": "FI21 1234 5600 0007 86"}, AccountFault.IBAN),
        ({"iban": "FI2112345600000785X"}, AccountFault.IBAN),
        ({"iban": "not an iban"}, AccountFault.IBAN),
        ({"iban": OTHER_IBAN}, AccountFault.IBAN_COUNTRY),
        ({}, AccountFault.IBAN_NEEDED),
        ({"account_number": "123456", "bank_code": "ABC1"}, AccountFault.IBAN_NEEDED),
        ({"country": "CN", "account_number": "12"}, AccountFault.NUMBER),
        ({"country": "CN", "account_number": "6222 0202 0001"}, AccountFault.BANK_CODE),
        ({"country": "C"}, AccountFault.COUNTRY),
        ({"country": "1A"}, AccountFault.COUNTRY),
        ({"holder": " \u202e "}, AccountFault.HOLDER),
        ({"iban": IBAN, "bic": "NDEAFIH"}, AccountFault.BIC),
    ],
)
def test_an_account_that_cannot_be_one_is_refused(typed: dict[str, str], fault: AccountFault) -> None:
    with pytest.raises(AccountWrong) as refused:
        bank_details(**{"holder": "Kahvila Oy", "country": "FI", **typed})
    assert refused.value.fault is fault


def test_an_account_is_kept_as_banks_write_it() -> None:
    found = bank_details(holder=" Kahvila  Oy ", country="fi", iban="fi21 1234 5600 0007 85", bic="ndea fihh")
    assert (found.holder, found.country, found.iban, found.bic) == ("Kahvila Oy", "FI", IBAN, "NDEAFIHH")
    assert found.masked == "FI •••• 0785"
    chinese = bank_details(
        holder="胡同咖啡", country="CN", account_number="6222 0202-0001", bank_code="cnaps1"
    )
    assert (chinese.iban, chinese.account_number, chinese.bank_code) == ("", "622202020001", "CNAPS1")


@pytest.mark.parametrize(
    "typed", ["", "acct_", "acct_1MTf", "1MTfjCQ9PRzxEwkZ", "acct_1MTfjCQ9PRzxEwk!", "ACCT_1MTfjCQ9PRzxEwkZ",
              f"acct_{'1' * 65}", "acct_1MTf jCQ9PRzxEwkZ"]
)  # fmt: skip
def test_what_is_no_id_of_an_account_at_stripe_is_refused(typed: str) -> None:
    with pytest.raises(AccountWrong) as refused:
        stripe_details(holder="Kahvila Oy", account=typed)
    assert refused.value.fault is AccountFault.STRIPE
    with pytest.raises(AccountWrong) as refused:
        stripe_details(holder=" ", account="acct_1MTfjCQ9PRzxEwkZ")
    assert refused.value.fault is AccountFault.HOLDER


def test_an_account_at_stripe_keeps_its_letters() -> None:
    found = stripe_details(holder=" Kahvila  Oy ", account=" acct_1MTfjCQ9PRzxEwkZ ")
    assert (found.holder, found.number, found.kind) == (
        "Kahvila Oy", "acct_1MTfjCQ9PRzxEwkZ", AccountType.STRIPE,
    )  # fmt: skip
    assert found.masked == "Stripe •••• EwkZ"


@pytest.mark.django_db
def test_a_first_account_is_paid_to_at_once_and_another_one_later(at: datetime) -> None:
    first = account(at=at)
    assert first.usable_at == at
    assert account(at=at + days(1)) == first  # the same again

    second = account(iban=OTHER_IBAN, at=at + days(1))
    assert second.usable_at == at + days(4)
    assert queries.account_of("mer_a") == second
    assert [each.ref for each in queries.accounts_of("mer_a")] == [second.ref, first.ref]
    assert queries.account_of("mer_b") is None


@pytest.mark.django_db
def test_the_log_tells_who_changed_an_account_and_no_number(at: datetime) -> None:
    account(at=at)
    account(iban=OTHER_IBAN, at=at)
    changed, made = audit.search(merchant="mer_a").entries
    assert [made.action, changed.action] == ["payout_account.set", "payout_account.changed"]
    assert changed.changes == {"account": ["FI •••• 0785", "DE •••• 3000"]}
    assert (changed.actor_ref, changed.subject_ref[:4]) == ("per_owner", "bac_")


@pytest.mark.django_db
def test_what_is_wrong_is_said_in_words_that_help(at: datetime) -> None:
    with pytest.raises(services.BankAccountInvalid) as refused:
        account(iban="FI2112345600000786", at=at)
    assert refused.value.details == {"fault": "iban"}
    assert "compare it with your bank's letter" in str(refused.value)
    assert not PayoutAccount.objects.exists()


@pytest.mark.django_db
def test_the_database_keeps_one_account_with_one_number(at: datetime) -> None:
    account(at=at)
    row = PayoutAccount.objects.values().get()
    for wrong, name in (
        ({}, "settlement_one_account"),
        ({"merchant_ref": "mer_b", "iban": ""}, "settlement_account_one_number"),
        ({"merchant_ref": "mer_b", "bank_code": "X"}, "settlement_account_one_number"),
        ({"merchant_ref": "mer_b", "kind": "stripe"}, "settlement_account_one_number"),
        (
            {"merchant_ref": "mer_b", "kind": "other", "iban": "", "account_number": "1"},
            "settlement_account_one_number",
        ),
        ({"merchant_ref": "mer_b", "usable_at": at - days(1)}, "settlement_account_usable_later"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            PayoutAccount.objects.create(**{**row, "id": None, "public_id": f"bac_{name}", **wrong})


@pytest.mark.django_db
def test_terms_of_a_merchant_go_before_the_sites(at: datetime) -> None:
    assert queries.terms_of("mer_a", unit="EUR", site=SITE).holdback_days == 3
    for holdback, minimum in ((7, 5000), (0, 0), (None, None)):
        services.set_terms(
            merchant_ref="mer_a", every=PayoutEvery.WEEK, holdback_days=holdback, minimum=minimum, unit="EUR",
            by="per_operator", at=at,
        )  # fmt: skip
        found = queries.terms_of("mer_a", unit="EUR", site=SITE)
        assert (found.holdback_days, found.own_holdback) == (
            3 if holdback is None else holdback,
            holdback is not None,
        )
        assert (found.every, found.minimum) == (PayoutEvery.WEEK, minimum or 0)
    assert len(audit.search(action="payout_terms.").entries) == 3


@pytest.mark.django_db
def test_the_database_keeps_terms_that_make_sense(at: datetime) -> None:
    for wrong, name in (
        ({"every": "hour"}, "settlement_terms_every"),
        ({"holdback_days": -1}, "settlement_terms_holdback"),
        ({"minimum": 5}, "settlement_terms_minimum"),
        ({"minimum": -5, "unit": "EUR"}, "settlement_terms_minimum"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            PayoutTerms.objects.create(merchant_ref="mer_a", **wrong)


@pytest.mark.parametrize(("holdback", "minimum"), [(-1, None), (181, None), (None, -1)])
@pytest.mark.django_db
def test_terms_that_nobody_has_are_refused(holdback: int | None, minimum: int | None, at: datetime) -> None:
    with pytest.raises(services.TermsInvalid):
        services.set_terms(
            merchant_ref="mer_a", every=PayoutEvery.BATCH, holdback_days=holdback, minimum=minimum, unit="EUR",
            by="per_operator", at=at,
        )  # fmt: skip
