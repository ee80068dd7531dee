"""Undo within its window, refund of what is unused, and never a use that is both."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from hutong.kernel.errors import NotFound
from hutong.town.merchants.models import Device
from hutong.town.merchants.types import Role
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.types import UndoResult, VoucherState
from tests.factories import merchants, people, vouchers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _vouchers_agree() -> Iterator[None]:
    """After every test the counters equal the uses and redemptions."""
    yield
    assert queries.problems() == []


def undo(redemption_ref: str, device: Device, at: datetime) -> UndoResult:
    """Undo as a device."""
    return services.undo(redemption_ref=redemption_ref, actor_ref=device.public_id, by=None, at=at)


def test_an_undone_use_is_ready_again_and_a_repeat_gets_the_same_answer(at: datetime) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    redeemed = vouchers.redeem(made, device, nonce="tap", at=at)
    result = undo(redeemed.redemption_ref, device, at + timedelta(minutes=15))
    assert (result.unit_refs, result.voucher_state, result.replay) == (
        made.unit_refs,
        VoucherState.READY,
        False,
    )
    again = undo(redeemed.redemption_ref, device, at + timedelta(minutes=20))
    assert (again.replay, again.at) == (True, result.at)
    replay = vouchers.redeem(made, device, nonce="tap", at=at)
    assert (replay.replay, replay.undone) == (True, True)
    assert vouchers.redeem(made, device, nonce="next", at=at).redemption_ref != redeemed.redemption_ref


def test_the_window_closes_after_15_minutes(at: datetime) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    redeemed = vouchers.redeem(made, device, at=at)
    with pytest.raises(services.UndoTooLate):
        undo(redeemed.redemption_ref, device, at + timedelta(minutes=15, seconds=1))
    assert made.row.state == "used"


def test_a_manager_may_undo_what_a_device_did_and_nobody_else(at: datetime) -> None:
    made = vouchers.voucher()
    assert made.store.merchant is not None
    manager = merchants.staff(merchant=made.store.merchant, person=people.person(), role=Role.MANAGER).person
    cashier = merchants.staff(merchant=made.store.merchant, person=people.person(), store=made.store).person
    stranger = people.person()
    redeemed = vouchers.redeem(made, at=at)
    for person, error in ((cashier, services.UndoForbidden), (stranger, NotFound), (made.person, NotFound)):
        with pytest.raises(error):
            services.undo(
                redemption_ref=redeemed.redemption_ref, actor_ref=person.public_id, by=person, at=at
            )
    with pytest.raises(NotFound):
        undo(redeemed.redemption_ref, merchants.device(store=merchants.store()), at)
    services.undo(redemption_ref=redeemed.redemption_ref, actor_ref=manager.public_id, by=manager, at=at)
    assert made.row.state == "ready"


def test_what_another_undid_is_said_to_be_undone(at: datetime) -> None:
    made = vouchers.voucher()
    assert made.store.merchant is not None
    manager = merchants.staff(merchant=made.store.merchant, person=people.person(), role=Role.MANAGER).person
    device = merchants.device(store=made.store)
    redeemed = vouchers.redeem(made, device, at=at)
    services.undo(redemption_ref=redeemed.redemption_ref, actor_ref=manager.public_id, by=manager, at=at)
    with pytest.raises(services.RedemptionUndone):
        undo(redeemed.redemption_ref, device, at)


def test_a_voucher_goes_round_ten_times_at_most(at: datetime) -> None:
    made = vouchers.voucher()
    device = merchants.device(store=made.store)
    for _cycle in range(10):
        undo(vouchers.redeem(made, device, at=at).redemption_ref, device, at)
    last = vouchers.redeem(made, device, at=at)
    with pytest.raises(services.UndoTooOften):
        undo(last.redemption_ref, device, at)
    assert made.row.state == "used"


def test_an_undo_after_the_end_of_validity_does_not_revive(at: datetime) -> None:
    made = vouchers.voucher(valid_days=1)
    device = merchants.device(store=made.store)
    last_minute = made.row.valid_until - timedelta(minutes=1)
    redeemed = vouchers.redeem(made, device, at=last_minute)
    result = undo(redeemed.redemption_ref, device, last_minute + timedelta(minutes=2))
    assert result.voucher_state is VoucherState.EXPIRED
    assert (made.row.state, made.row.uses_left) == ("expired", 1)
    with pytest.raises(services.VoucherExpired):
        vouchers.redeem(made, device, at=last_minute + timedelta(minutes=2))
    assert services.release_for_refund(unit_refs=made.unit_refs).voucher_refs == (made.ref,)


def test_an_undone_use_in_the_middle_is_the_next_one_used(at: datetime) -> None:
    made = vouchers.voucher(uses=3)
    device = merchants.device(store=made.store)
    first = vouchers.redeem(made, device, at=at)
    vouchers.redeem(made, device, at=at)
    undo(first.redemption_ref, device, at)
    assert vouchers.redeem(made, device, at=at).unit_ref == first.unit_ref


def test_an_unused_voucher_is_refunded_and_then_not_served() -> None:
    made = vouchers.voucher()
    assert services.release_for_refund(unit_refs=made.unit_refs).voucher_refs == (made.ref,)
    assert made.row.state == "refunded"
    with pytest.raises(services.VoucherRefunded):
        vouchers.redeem(made)
    with pytest.raises(services.UnitsNotRefundable):
        services.release_for_refund(unit_refs=made.unit_refs)


def test_a_used_voucher_is_not_refunded() -> None:
    made = vouchers.voucher()
    vouchers.redeem(made)
    with pytest.raises(services.UnitsNotRefundable) as refused:
        services.release_for_refund(unit_refs=made.unit_refs)
    assert refused.value.details == {"unit_refs": list(made.unit_refs)}
    assert made.row.state == "used"


def test_a_used_use_is_refunded_out_of_goodwill_and_then_not_undone(at: datetime) -> None:
    made = vouchers.voucher(uses=2)
    device = merchants.device(store=made.store)
    redeemed = vouchers.redeem(made, device, at=at)
    released = services.release_for_refund(unit_refs=[redeemed.unit_ref], used_too=True)
    assert (released.voucher_refs, released.used) == ((made.ref,), (redeemed.unit_ref,))
    assert (made.row.state, made.row.uses_left) == ("ready", 1)
    with pytest.raises(services.VoucherRefunded):
        undo(redeemed.redemption_ref, device, at)
    with pytest.raises(services.UnitsNotRefundable):
        services.release_for_refund(unit_refs=[redeemed.unit_ref], used_too=True)
    assert services.release_for_refund(unit_refs=made.unit_refs[1:], used_too=True).used == ()
    assert made.row.state == "refunded"
    assert queries.problems() == []


def test_three_unused_of_ten_are_refunded_exactly(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = vouchers.voucher(uses=10)
    for _use in range(6):
        vouchers.redeem(made)
    assert list(queries.unused_units(made.unit_refs, at=at)) == list(made.unit_refs[6:])
    with django_assert_num_queries(3 + 2):
        services.release_for_refund(unit_refs=made.unit_refs[6:9])
    assert (made.row.state, made.row.uses_left) == ("ready", 1)
    assert vouchers.redeem(made).unit_ref == made.unit_refs[9]
    assert made.row.state == "used"


def test_a_refund_is_all_or_nothing_over_several_vouchers() -> None:
    fresh = vouchers.voucher()
    used = vouchers.voucher(store=fresh.store)
    vouchers.redeem(used)
    with pytest.raises(services.UnitsNotRefundable) as refused:
        services.release_for_refund(unit_refs=[*fresh.unit_refs, *used.unit_refs, "unt_unknown"])
    assert refused.value.details == {"unit_refs": sorted([*used.unit_refs, "unt_unknown"])}
    assert fresh.row.state == "ready"
