"""What a redemption earns, and what its undoing takes back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.services import BalanceTooLow, post
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from hutong.pay.settlement import queries, services
from hutong.pay.settlement.models import Settled
from hutong.pay.settlement.types import Earnings, SettledUnit, Share
from tests.factories.ledger import capture, euros

pytestmark = pytest.mark.django_db


def share(name: str = "a", *, gross: int = 1990, commission: int = 199, tax: int = 0, fee: int = 0) -> Share:
    return Share(
        unit_ref=f"unt_{name}",
        gross=euros(gross),
        commission=euros(commission),
        commission_tax=euros(tax),
        provider_fee=euros(fee),
    )


def settle(*shares: Share, reference: str = "red_1", at: datetime) -> tuple[SettledUnit, ...]:
    return services.settle(shares=shares, merchant_ref="mer_a", store_ref="sto_a", reference=reference, at=at)


def balance(kind: AccountKind) -> Money:
    merchants = (AccountKind.UNREDEEMED, AccountKind.PAYABLE)
    return ledger.balance(kind, "mer_a" if kind in merchants else PLATFORM, "EUR")


def test_a_redemption_is_shared_between_merchant_and_platform(at: datetime) -> None:
    capture(euros(1990))
    (settled,) = settle(share(), at=at)

    assert settled.net == euros(1791)
    assert queries.settled("red_1") == [settled]
    assert balance(AccountKind.UNREDEEMED) == euros(0)
    assert balance(AccountKind.PAYABLE) == euros(1791)
    assert balance(AccountKind.COMMISSION) == euros(199)
    assert queries.problems() == ledger.problems() == []


def test_tax_on_the_commission_and_a_share_of_the_fee_are_kept_apart(at: datetime) -> None:
    capture(euros(3980))
    (settled, _b) = settle(share(tax=51, fee=30), share("b", tax=50), at=at)
    kinds = (
        AccountKind.PAYABLE,
        AccountKind.COMMISSION,
        AccountKind.COMMISSION_TAX,
        AccountKind.PROVIDER_FEES,
    )

    assert settled.net == euros(1710)
    assert [balance(kind).minor for kind in kinds] == [3451, 398, 101, 30]
    earned = two_days("mer_a", at)
    assert (earned.commission_tax, earned.provider_fee, earned.net) == (euros(101), euros(30), euros(3451))
    ((_day, daily),) = queries.daily(
        "mer_a", unit="EUR", zone="UTC", first_on=at.date(), last_on=at.date(), store_ref="sto_a"
    )
    assert daily == earned
    assert queries.problems() == ledger.problems() == []

    assert [undone.provider_fee.minor for undone in services.unsettle(reference="red_1", at=at)] == [30, 0]
    assert [balance(kind).minor for kind in kinds] == [0, 0, 0, 0]
    assert balance(AccountKind.UNREDEEMED) == euros(3980)
    assert queries.problems() == ledger.problems() == []


@pytest.mark.unbalanced("books a payout that was never made")
def test_other_movements_of_the_same_accounts_are_no_difference(at: datetime) -> None:
    capture(euros(1990))
    settle(share(fee=30), at=at)
    paid = TransferSpec(AccountKind.PAYABLE, "mer_a", AccountKind.PAYOUT, "mer_a", euros(1000))
    post(kind=TransactionKind.PAYOUT_SENT, reference="payout:1", transfers=[paid], at=at)
    billed = TransferSpec(AccountKind.PROVIDER_FEES, PLATFORM, AccountKind.CLEARING, "sandbox", euros(55))
    post(kind=TransactionKind.PROVIDER_FEE, reference="fee:1", transfers=[billed], at=at)
    assert queries.problems() == []


def test_undoing_takes_back_exactly_that_and_can_be_done_again(at: datetime) -> None:
    capture(euros(1990))
    for cycle in range(3):
        settle(share(), reference=f"red_{cycle}", at=at)
        (undone,) = services.unsettle(reference=f"red_{cycle}", at=at)
        assert undone.undone_at == at
        assert balance(AccountKind.UNREDEEMED) == euros(1990)
        assert balance(AccountKind.PAYABLE) == balance(AccountKind.COMMISSION) == euros(0)
    settle(share(), reference="red_last", at=at)
    assert queries.problems() == ledger.problems() == []


def test_a_unit_is_settled_once_at_a_time(at: datetime) -> None:
    capture(euros(5000))
    settle(share(), at=at)
    with pytest.raises(services.AlreadySettled), transaction.atomic():
        settle(share("b"), share("a"), reference="red_2", at=at)
    with pytest.raises(services.AlreadySettled), transaction.atomic():
        settle(share(), at=at)
    assert balance(AccountKind.PAYABLE) == euros(1791)
    assert queries.unit_refs() == {"unt_a"}


def test_what_is_not_settled_cannot_be_undone(at: datetime) -> None:
    capture(euros(1990))
    settle(share(), at=at)
    services.unsettle(reference="red_1", at=at)
    for reference in ("red_1", "red_unknown"):
        with pytest.raises(services.NotSettled), transaction.atomic():
            services.unsettle(reference=reference, at=at)
    assert balance(AccountKind.UNREDEEMED) == euros(1990)


def test_who_undoes_by_a_clock_that_is_behind_undoes_when_it_was_settled(at: datetime) -> None:
    capture(euros(1990))
    settle(share(), at=at)
    (undone,) = services.unsettle(reference="red_1", at=at - timedelta(seconds=1))
    assert undone.undone_at == at


def test_no_more_is_settled_than_was_paid(at: datetime) -> None:
    capture(euros(1989))
    with pytest.raises(BalanceTooLow), transaction.atomic():
        settle(share(), at=at)
    assert not Settled.objects.exists()


def test_amounts_of_nothing_are_settled_without_a_posting(at: datetime) -> None:
    settle(share(gross=0, commission=0), at=at)
    assert ledger.entries("redeem:red_1") == []
    services.unsettle(reference="red_1", at=at)
    capture(euros(100))
    settle(share(gross=100, commission=0), reference="red_2", at=at)
    assert balance(AccountKind.PAYABLE) == euros(100)
    assert queries.problems() == ledger.problems() == []


@pytest.mark.parametrize(
    "shares",
    [
        [],
        [share(), share()],
        [share(commission=1991)],
        [share(commission=-1)],
        [share(tax=1792)],
        [share(tax=-1)],
        [share(fee=1792)],
        [share(fee=-1)],
        [share(), Share("unt_b", *[Money(minor, "SEK") for minor in (5, 1, 0, 0)])],
    ],
    ids=[
        "none",
        "twice",
        "all and more",
        "negative",
        "too much tax",
        "negative tax",
        "too much of the fee",
        "negative fee",
        "two currencies",
    ],
)
def test_shares_that_do_not_add_up_are_a_fault_of_the_caller(shares: list[Share], at: datetime) -> None:
    with pytest.raises(ValueError):
        settle(*shares, at=at)


@pytest.mark.parametrize("units", [1, 3])
def test_statements_do_not_grow_with_the_units(units: int, at: datetime) -> None:
    capture(euros(1990 * (units + 1)))
    settle(share("first"), reference="red_0", at=at)  # makes the accounts
    with CaptureQueriesContext(connection) as statements:
        settle(*[share(str(number)) for number in range(units)], at=at)
    assert len(statements) == 4
    with CaptureQueriesContext(connection) as statements:
        services.unsettle(reference="red_1", at=at)
    assert len(statements) == 4


def test_earnings_of_a_span_leave_out_what_was_undone(at: datetime) -> None:
    capture(euros(9000))
    settle(share("a"), reference="red_1", at=at)
    settle(share("b"), reference="red_2", at=at)
    settle(share("c"), reference="red_3", at=at + timedelta(days=1))
    services.unsettle(reference="red_2", at=at)

    earned = queries.earnings("mer_a", unit="EUR", starts_at=at, ends_at=at + timedelta(days=1))
    assert (earned.units, earned.gross, earned.commission, earned.net) == (
        1,
        euros(1990),
        euros(199),
        euros(1791),
    )
    assert two_days("mer_a", at, store_ref="sto_a").units == 2
    assert two_days("mer_a", at, store_ref="sto_b").units == 0
    assert two_days("mer_b", at).net == euros(0)


def two_days(merchant_ref: str, at: datetime, *, store_ref: str | None = None) -> Earnings:
    return queries.earnings(
        merchant_ref, unit="EUR", starts_at=at, ends_at=at + timedelta(days=2), store_ref=store_ref
    )


@pytest.mark.unbalanced("changes a settlement behind the services")
def test_the_check_finds_a_settlement_that_the_books_do_not_know(at: datetime) -> None:
    capture(euros(1990))
    settle(share(), at=at)
    Settled.objects.filter(unit_ref="unt_a").update(undone_at=at)
    assert queries.problems() == [
        "settlement: payable of mer_a in EUR is 1791 in the books, 0 by what is settled",
        "settlement: commission of platform in EUR is 199 in the books, 0 by what is settled",
    ]


def test_the_database_refuses_what_does_not_add_up(at: datetime) -> None:
    capture(euros(1990))
    settle(share(), at=at)
    with pytest.raises(IntegrityError, match="settlement_adds_up"), transaction.atomic():
        Settled.objects.update(net=5)
    with pytest.raises(IntegrityError, match="settlement_unit_once"), transaction.atomic():
        Settled.objects.create(
            unit_ref="unt_a",
            reference="red_9",
            merchant_ref="mer_a",
            gross=0,
            commission=0,
            net=0,
            unit="EUR",
            at=at,
        )
