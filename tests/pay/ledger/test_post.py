"""The books: what may be posted, what may not, and what nobody can do to them."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from hutong.kernel.money import Money
from hutong.pay.ledger import queries, services
from hutong.pay.ledger.models import Account, Balance, Transaction, Transfer
from hutong.pay.ledger.rules import DECLARED, FLOORS, OWNER_TYPES, POINT_KINDS, UndeclaredTransaction, check
from hutong.pay.ledger.types import PLATFORM, AccountKind, TransactionKind, TransferSpec
from tests.factories.ledger import capture, capture_transfer, euros, refund_transfer

pytestmark = pytest.mark.django_db

CLEARING, SUSPENSE = AccountKind.CLEARING, AccountKind.SUSPENSE
UNREDEEMED, PAYABLE, COMMISSION = AccountKind.UNREDEEMED, AccountKind.PAYABLE, AccountKind.COMMISSION


def redeem(net: int, commission: int, *, reference: str = "redeem:1", at: datetime) -> None:
    services.post(
        kind=TransactionKind.REDEEM,
        reference=reference,
        transfers=[
            TransferSpec(UNREDEEMED, "mer_a", PAYABLE, "mer_a", euros(net)),
            TransferSpec(UNREDEEMED, "mer_a", COMMISSION, PLATFORM, euros(commission)),
        ],
        at=at,
    )


@pytest.mark.unbalanced("settlement knows nothing of what is posted here")
def test_money_goes_from_the_provider_to_the_merchant_and_the_platform(at: datetime) -> None:
    capture(euros(1990))
    redeem(1791, 199, at=at)

    assert queries.balance(CLEARING, "sandbox", "EUR") == euros(-1990)
    assert queries.balance(UNREDEEMED, "mer_a", "EUR") == euros(0)
    assert queries.balance(PAYABLE, "mer_a", "EUR") == euros(1791)
    assert queries.balance(COMMISSION, PLATFORM, "EUR") == euros(199)
    assert queries.balances(PAYABLE) == {"mer_a": [euros(1791)]}
    assert queries.problems() == []


def test_an_account_nobody_used_is_empty() -> None:
    assert queries.balance(PAYABLE, "mer_nobody", "EUR") == euros(0)
    assert queries.balance(UNREDEEMED, "mer_nobody", "EUR") == euros(0)


def test_the_same_reference_and_content_is_posted_once() -> None:
    first = capture(euros(1990))
    again = capture(euros(1990))

    assert not first.replayed
    assert again.replayed
    assert again.transaction_ref == first.transaction_ref
    assert queries.balance(UNREDEEMED, "mer_a", "EUR") == euros(1990)
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "merchant"),
    [(euros(1991), "mer_a"), (euros(1990), "mer_b"), (Money(1990, "SEK"), "mer_a")],
    ids=["other amount", "other owner", "other unit"],
)
def test_the_same_reference_with_other_content_is_refused(amount: Money, merchant: str) -> None:
    capture(euros(1990))

    with pytest.raises(services.ReferenceReused), transaction.atomic():
        capture(amount, merchant=merchant)

    assert queries.balance(UNREDEEMED, "mer_a", "EUR") == euros(1990)
    assert Transfer.objects.count() == 1


def test_a_guarded_account_stops_at_its_floor(at: datetime) -> None:
    capture(euros(1990))

    with pytest.raises(services.BalanceTooLow), transaction.atomic():
        redeem(1791, 200, at=at)

    assert queries.balance(UNREDEEMED, "mer_a", "EUR") == euros(1990)
    assert queries.entries("redeem:1") == []
    assert queries.problems() == []


def test_currencies_of_one_merchant_are_different_accounts(at: datetime) -> None:
    capture(Money(5000, "SEK"))

    with pytest.raises(services.BalanceTooLow), transaction.atomic():
        services.post(
            kind=TransactionKind.REFUND,
            reference="refund:1",
            transfers=[refund_transfer(euros(100))],
            at=at,
        )


def test_a_posting_to_accounts_that_exist_takes_three_statements(at: datetime) -> None:
    capture(euros(1990))
    with CaptureQueriesContext(connection) as statements:
        capture(euros(500), reference="capture:2")
    assert len(statements) == 3, [statement["sql"] for statement in statements]


def test_many_transfers_take_as_many_statements_as_one(at: datetime) -> None:
    transfers = [capture_transfer(euros(100), merchant=f"mer_{name}") for name in "abc"]
    services.post(kind=TransactionKind.CAPTURE, reference="capture:1", transfers=transfers, at=at)
    with CaptureQueriesContext(connection) as statements:
        services.post(kind=TransactionKind.CAPTURE, reference="capture:2", transfers=transfers, at=at)
    assert len(statements) == 3, [statement["sql"] for statement in statements]
    assert [queries.balance(UNREDEEMED, f"mer_{name}", "EUR") for name in "abc"] == [euros(200)] * 3


@pytest.mark.parametrize("kind", list(TransactionKind))
def test_only_declared_movements_are_allowed(kind: TransactionKind) -> None:
    owners = {owner_type: owner_type.value for owner_type in OWNER_TYPES.values()}
    for from_kind in AccountKind:
        for to_kind in AccountKind:
            amount = Money(1, "pts_eur") if from_kind in POINT_KINDS else euros(1)
            transfer = TransferSpec(
                from_kind, owners[OWNER_TYPES[from_kind]], to_kind, owners[OWNER_TYPES[to_kind]], amount
            )
            if (from_kind, to_kind) in DECLARED[kind]:
                check(kind, "a reference", [transfer])
            else:
                with pytest.raises(UndeclaredTransaction):
                    check(kind, "a reference", [transfer])


@pytest.mark.parametrize(
    "transfer",
    [
        capture_transfer(euros(0)),
        capture_transfer(euros(-5)),
        capture_transfer(euros(5), merchant=""),
        capture_transfer(euros(5), provider="x" * 61),
    ],
    ids=["nothing", "less than nothing", "nobody", "a long name"],
)
def test_malformed_transfers_are_refused(transfer: TransferSpec) -> None:
    with pytest.raises(UndeclaredTransaction):
        check(TransactionKind.CAPTURE, "a reference", [transfer])


def test_points_lie_in_accounts_of_points_and_money_in_others() -> None:
    of_points = TransferSpec(AccountKind.POINTS_ISSUED, PLATFORM, AccountKind.POINTS, "per_a", euros(5))
    with pytest.raises(UndeclaredTransaction, match="does not hold EUR"):
        check(TransactionKind.POINTS_EARNED, "a reference", [of_points])
    with pytest.raises(UndeclaredTransaction, match="does not hold pts_eur"):
        check(TransactionKind.CAPTURE, "a reference", [capture_transfer(Money(5, "pts_eur"))])


def test_money_stays_with_its_merchant_and_the_platform_has_one_name() -> None:
    foreign = TransferSpec(UNREDEEMED, "mer_a", PAYABLE, "mer_b", euros(5))
    false_platform = TransferSpec(UNREDEEMED, "mer_a", COMMISSION, "mer_a", euros(5))
    for transfer in (foreign, false_platform):
        with pytest.raises(UndeclaredTransaction):
            check(TransactionKind.REDEEM, "a reference", [transfer])


def test_an_empty_transaction_or_reference_and_an_unknown_kind_are_refused() -> None:
    with pytest.raises(UndeclaredTransaction):
        check(TransactionKind.CAPTURE, "a reference", [])
    with pytest.raises(UndeclaredTransaction):
        check(TransactionKind.CAPTURE, "", [capture_transfer(euros(5))])
    with pytest.raises(UndeclaredTransaction):
        check("gift", "a reference", [capture_transfer(euros(5))])  # type: ignore[arg-type]


@pytest.mark.parametrize("table", ["ledger_transaction", "ledger_transfer"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "DELETE FROM {} WHERE id < 0", "TRUNCATE {} CASCADE"],
)
def test_the_books_cannot_be_changed(table: str, statement: str) -> None:
    capture(euros(1990))
    with connection.cursor() as cursor:
        # Foreign keys are checked late; PostgreSQL alters no table with checks outstanding.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_not_emptied")
        with pytest.raises(DatabaseError, match="the books are only added to"), transaction.atomic():
            cursor.execute(statement.format(table))
    assert Transfer.objects.count() == 1


def _transfer(**changes: object) -> Transfer:
    accounts = {account.kind: account for account in Account.objects.filter(unit="EUR")}
    fields: dict[str, object] = {
        "transaction": Transaction.objects.first(),
        "from_account": accounts["clearing"],
        "to_account": accounts["unredeemed"],
        "amount": 5,
        "unit": "EUR",
    }
    return Transfer(**fields | changes)


@pytest.mark.unbalanced("writes into the books what no service would")
def test_the_database_stores_no_transfer_that_does_not_add_up() -> None:
    capture(euros(1990))
    capture(Money(500, "SEK"), reference="capture:2")
    kronor = Account.objects.get(kind="unredeemed", unit="SEK")
    clearing = Account.objects.get(kind="clearing", unit="EUR")
    _transfer().save()
    for refused in (
        _transfer(amount=0),
        _transfer(amount=-5),
        _transfer(unit="SEK"),
        _transfer(to_account=kronor),
        _transfer(from_account=kronor, unit="SEK"),
        _transfer(to_account=clearing),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            refused.save()


def test_the_database_keeps_floors_and_guards() -> None:
    capture(euros(100))
    with pytest.raises(IntegrityError, match="ledger_balance_floor"), transaction.atomic():
        Balance.objects.update(minor=-1)
    for kind in AccountKind:
        with pytest.raises(IntegrityError, match="ledger_account_guarded_iff_kind"), transaction.atomic():
            Account.objects.create(kind=kind, owner_ref="other", unit="EUR", guarded=kind not in FLOORS)


@pytest.mark.unbalanced("writes into the books what no service would")
def test_the_check_finds_a_balance_that_drifted() -> None:
    capture(euros(1990))
    Balance.objects.update(minor=1991)
    assert queries.problems() == [
        "ledger: unredeemed of mer_a in EUR says 1991, its transfers add up to 1990"
    ]


@pytest.mark.unbalanced("writes into the books what no service would")
def test_the_check_finds_a_missing_balance_a_low_one_and_an_empty_transaction(at: datetime) -> None:
    capture(euros(1990))
    clearing = Account.objects.get(kind="clearing")
    unredeemed = Account.objects.get(kind="unredeemed")
    Balance.objects.all().delete()
    empty = Transaction.objects.create(reference="empty", kind="capture", at=at)
    wrong = Transaction.objects.create(reference="wrong", kind="capture", at=at)
    Transfer.objects.create(
        transaction=wrong, from_account=unredeemed, to_account=clearing, amount=2000, unit="EUR"
    )
    assert queries.problems() == [
        "ledger: unredeemed of mer_a in EUR is guarded and has no balance row",
        "ledger: unredeemed of mer_a in EUR is at -10, below its floor 0",
        f"ledger: transaction {empty.reference} has no transfers",
        "ledger: capture moved money from unredeemed to clearing",
    ]
