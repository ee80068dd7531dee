"""Redeeming a voucher: once, in the right place and time, and a reason when not."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from hutong.kernel import codes
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.models import Redemption
from hutong.visit.vouchers.types import UseState, VoucherState
from tests.factories import merchants, people, vouchers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _vouchers_agree() -> Iterator[None]:
    """After every test the counters equal the uses and redemptions."""
    yield
    assert queries.problems() == []


def test_a_redemption_says_which_unit_was_used_and_where(at: datetime) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    result = vouchers.redeem(made, device, at=at)
    assert (result.voucher_ref, result.unit_ref, result.order_ref) == (
        made.ref,
        made.unit_refs[0],
        made.order_ref,
    )
    assert (result.person_ref, result.store_ref) == (made.person.public_id, made.store.public_id)
    assert (result.use_no, result.uses_left, result.replay, result.at) == (1, 0, False, at)
    assert made.row.state == VoucherState.USED.value
    assert Redemption.objects.get(public_id=result.redemption_ref).device == device


def test_the_qr_text_and_a_sloppily_typed_code_redeem_too() -> None:
    made = vouchers.voucher(uses=2)
    assert vouchers.redeem(made, code=codes.QR_PREFIX + codes.group(made.code)).use_no == 1
    assert vouchers.redeem(made, code=f" {made.code.lower()[:8]} – {made.code[8:]}").use_no == 2


def test_the_same_nonce_gets_the_same_answer() -> None:
    made = vouchers.voucher(uses=3)
    device = merchants.device(store=made.store)
    first = vouchers.redeem(made, device, nonce="tap")
    again = vouchers.redeem(made, device, nonce="tap")
    assert again.replay
    assert (again.redemption_ref, again.unit_ref, again.at) == (
        first.redemption_ref,
        first.unit_ref,
        first.at,
    )
    assert made.row.uses_left == 2
    other = vouchers.redeem(made, merchants.device(store=made.store), nonce="tap")
    assert (other.replay, other.use_no) == (False, 2)  # another device's nonce is another nonce


def test_a_nonce_names_one_voucher_for_ever() -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    vouchers.redeem(made, device, nonce="tap")
    with pytest.raises(services.NonceReused):
        vouchers.redeem(vouchers.voucher(store=made.store), device, nonce="tap")


def test_a_used_voucher_says_when_and_where(at: datetime) -> None:
    made = vouchers.voucher()
    vouchers.redeem(made, at=at)
    with pytest.raises(services.VoucherAlreadyUsed) as refused:
        vouchers.redeem(made, at=at + timedelta(hours=1))
    assert refused.value.details == {
        "used_at": at, "store_ref": made.store.public_id, "store_names": made.store.names,
    }  # fmt: skip


def test_a_voucher_of_another_merchant_is_as_unknown_as_one_nobody_has(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    foreign, own = vouchers.voucher(), vouchers.voucher()
    vouchers.redeem(foreign)
    nobodys = codes.code_from_digest(b"nobody has this code")
    device = merchants.device(store=own.store)
    answers = []
    for code in (foreign.code, nobodys):
        with django_assert_num_queries(6), pytest.raises(services.VoucherUnknown) as refused:
            vouchers.redeem(own, device, code=code)
        answers.append((refused.value.code, refused.value.status, str(refused.value), refused.value.details))
    assert answers[0] == answers[1]


def test_a_mistyped_code_asks_the_database_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    wrong = ("3" if made.code[0] == "2" else "2") + made.code[1:]
    with django_assert_num_queries(0), pytest.raises(services.CodeMistyped):
        vouchers.redeem(made, device, code=wrong)


def test_outside_its_time_a_voucher_is_not_good(at: datetime) -> None:
    made = vouchers.voucher(valid_days=1, at=at)
    end = datetime.fromisoformat("2026-06-03T00:00:00+03:00")
    assert made.row.valid_until == end
    with pytest.raises(services.VoucherNotYetValid):
        vouchers.redeem(made, at=at - timedelta(seconds=1))
    with pytest.raises(services.VoucherExpired) as refused:
        vouchers.redeem(made, at=end)
    assert refused.value.details == {"valid_until": end}
    assert vouchers.redeem(made, at=end - timedelta(microseconds=1)).use_no == 1


def test_a_voucher_is_good_in_its_stores_alone() -> None:
    made = vouchers.voucher()
    branch = merchants.store(merchant=made.store.merchant, name="Branch")
    with pytest.raises(services.WrongStore) as refused:
        vouchers.redeem(made, merchants.device(store=branch))
    assert refused.value.details == {"stores": [made.store.names]}
    both = vouchers.voucher(store=made.store, also_in=(branch,))
    assert vouchers.redeem(both, merchants.device(store=branch)).store_ref == branch.public_id


def test_a_store_nobody_claimed_redeems_nothing(at: datetime) -> None:
    made = vouchers.voucher()
    person = people.person()
    with pytest.raises(services.VoucherUnknown):
        services.redeem(
            code=made.code, store=merchants.listing(), actor_ref=person.public_id, device=None, by=person,
            nonce="tap", at=at,
        )  # fmt: skip


def test_statements_of_redeem_and_of_a_repeat(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    with django_assert_num_queries(5):  # two of them the savepoint inside the test's transaction
        vouchers.redeem(made, device, nonce="tap")
    with django_assert_num_queries(1):
        vouchers.redeem(made, device, nonce="tap")


def test_issuing_the_same_units_again_gives_the_same_vouchers(at: datetime) -> None:
    made = vouchers.voucher(uses=2)
    assert made.store.merchant is not None
    again = services.issue(
        person=made.person, merchant=made.store.merchant, order_ref=made.order_ref,
        offer_ref=made.row.offer_ref, unit_refs=made.unit_refs, titles={}, store_ids=[made.store.pk], zone="UTC",
        ordered_at=at, at=at,
    )  # fmt: skip
    assert [issued.voucher_ref for issued in again] == [made.ref]
    assert again[0].unit_refs == made.unit_refs


def test_each_unit_gets_a_voucher_of_its_own_by_default(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = vouchers.voucher()
    assert made.store.merchant is not None
    units = ["unt_a", "unt_b", "unt_c"]
    with django_assert_num_queries(6):
        issued = services.issue(
            person=made.person, merchant=made.store.merchant, order_ref="ord_x", offer_ref="off_x",
            unit_refs=units, titles={"en": "Tea"}, store_ids=[made.store.pk], zone="UTC",
        ordered_at=at, at=at,
        )  # fmt: skip
    assert [voucher.unit_refs for voucher in issued] == [("unt_a",), ("unt_b",), ("unt_c",)]
    views = queries.vouchers_of_order("ord_x", at=at)
    assert len({view.code for view in views}) == 3


def test_units_that_do_not_fill_a_voucher_are_refused(at: datetime) -> None:
    made = vouchers.voucher(uses=2)
    assert made.store.merchant is not None
    with pytest.raises(ValueError, match="3 units"):
        services.issue(
            person=made.person, merchant=made.store.merchant, order_ref="ord_y", offer_ref=made.row.offer_ref,
            unit_refs=["unt_1", "unt_2", "unt_3"], titles={}, store_ids=[made.store.pk], zone="UTC",
        ordered_at=at, at=at,
        )  # fmt: skip


@pytest.mark.parametrize("size", [1, 3])
def test_the_wallet_is_one_statement(
    size: int, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = vouchers.voucher()
    for _number in range(size - 1):
        vouchers.voucher(store=first.store, person=first.person)
    used = vouchers.voucher(store=first.store, person=first.person, uses=2)
    vouchers.redeem(used, at=at)
    with django_assert_num_queries(1):
        views = queries.wallet(first.person, at=at)
    assert len(views) == size + 1
    newest = views[0]
    assert (newest.ref, newest.uses_left, newest.state) == (used.ref, 1, VoucherState.READY)
    assert [use.state for use in newest.uses] == [UseState.USED, UseState.READY]
    assert (newest.uses[0].redeemed_at, newest.uses[0].store_names) == (at, used.store.names)
    assert newest.stores[0].names == used.store.names
    assert codes.parse_code(newest.code) == used.code
    assert codes.parse_code(newest.qr_text) == used.code


def test_a_voucher_is_shown_to_its_owner_alone(at: datetime) -> None:
    made, other = vouchers.voucher(valid_days=1), vouchers.voucher()
    view = queries.voucher_view(made.ref, made.person, at=at)
    assert view is not None
    assert view.state is VoucherState.READY
    assert queries.voucher_view(made.ref, other.person, at=at) is None
    later = queries.voucher_view(made.ref, made.person, at=at + timedelta(days=3))
    assert later is not None
    assert later.state is VoucherState.EXPIRED


def test_the_code_is_not_in_the_table() -> None:
    made = vouchers.voucher()
    stored = " ".join(str(value) for value in vars(made.row).values())
    assert made.code not in stored
    assert made.row.code_hmac == queries.lookup_hash(made.code)


def test_today_shows_the_day_of_these_stores_newest_first(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made, elsewhere = vouchers.voucher(uses=3), vouchers.voucher()
    device = merchants.device(store=made.store, name="Counter")
    vouchers.redeem(elsewhere, at=at)
    for hours in (0, 1, 24):
        vouchers.redeem(made, device, at=at + timedelta(hours=hours))
    with django_assert_num_queries(1):
        lines = queries.today([made.store.pk], starts_at=at, ends_at=at + timedelta(hours=24))
    assert [line.at for line in lines] == [at + timedelta(hours=1), at]
    assert (lines[0].device_name, lines[0].store_names) == ("Counter", made.store.names)


def test_the_janitor_ends_what_is_over_and_names_its_unused_units(at: datetime) -> None:
    short, used, long = (
        vouchers.voucher(valid_days=1, uses=2),
        vouchers.voucher(valid_days=1),
        vouchers.voucher(),
    )
    vouchers.redeem(short, at=at)
    vouchers.redeem(used, at=at)
    later = at + timedelta(days=5)
    ended = services.expire_due(at=later)
    assert [(entry.voucher_ref, entry.unit_refs) for entry in ended] == [(short.ref, short.unit_refs[1:])]
    assert services.expire_due(at=later) == []
    assert (short.row.state, used.row.state, long.row.state) == ("expired", "used", "ready")
    with pytest.raises(services.VoucherExpired):
        vouchers.redeem(short, at=later)
