"""Vouchers of every kind at the counter: several at once, choices, bills, passes, and what a manager may let pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from hutong.kernel.money import Money
from hutong.town.merchants.types import Role
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.models import Redemption
from hutong.visit.vouchers.types import Choice, UndoResult, VoucherKind, VoucherState
from tests.factories import merchants, people, vouchers
from tests.factories.vouchers import MadeVoucher

pytestmark = pytest.mark.django_db

DISHES = (Choice({"en": "Soup"}), Choice({"en": "Salad"}), Choice({"en": "Cake"}, most=2))


@pytest.fixture(autouse=True)
def _vouchers_agree() -> Iterator[None]:
    """After every test the counters equal the uses and redemptions."""
    yield
    assert queries.problems() == []


def refusal(made: MadeVoucher, at: datetime, **asked: Any) -> str:
    """Why its terms refuse it."""
    before = made.row.uses_left
    with pytest.raises(services.TermsRefuse) as refused:
        vouchers.redeem(made, at=at, **asked)
    assert made.row.uses_left == before
    return str(refused.value.details["reason"])


def undo(made: MadeVoucher, redemption_ref: str, at: datetime) -> UndoResult:
    actor = Redemption.objects.get(public_id=redemption_ref).actor_ref
    return services.undo(redemption_ref=redemption_ref, actor_ref=actor, by=None, at=at)


def test_three_uses_of_a_card_by_one_scan_and_undone_as_one(at: datetime) -> None:
    card = vouchers.voucher(uses=5, at=at)
    done = vouchers.redeem(card, uses=3, at=at)
    assert [one.use_no for one in done.redeemed] == [1, 2, 3]
    assert done.spent_units == card.unit_refs[:3]
    assert (done.uses_left, done.uses_total) == (2, 5)
    back = undo(card, done.redeemed[1].redemption_ref, at)
    assert back.unit_refs == card.unit_refs[:3]
    assert card.row.uses_left == 5


def test_what_one_voucher_lacks_comes_from_those_bought_with_it(at: datetime) -> None:
    first, second, third = vouchers.several(3, at=at)
    device = merchants.device(store=first.store)
    done = vouchers.redeem(second, device, nonce="table", uses=2, at=at)
    assert [one.voucher_ref for one in done.redeemed] == [second.ref, first.ref]
    assert third.row.uses_left == 1
    again = vouchers.redeem(second, device, nonce="table", uses=2, at=at)
    assert (again.replay, again.redeemed) == (True, done.redeemed)
    undo(second, done.redemption_ref, at)
    assert {one.row.state for one in (first, second, third)} == {VoucherState.READY.value}


def test_each_of_two_cards_gives_what_it_may_that_day(at: datetime) -> None:
    first, second = vouchers.several(2, uses=10, a_day=1, at=at)
    assert services.prepare(code=first.code, store=first.store, at=at).most == 2
    done = vouchers.redeem(first, uses=2, at=at)
    assert [one.voucher_ref for one in done.redeemed] == [first.ref, second.ref]
    assert (first.row.uses_left, second.row.uses_left) == (9, 9)
    assert refusal(first, at) == refusal(second, at) == "day_is_used"


def test_a_card_that_had_its_day_leaves_the_scan_to_one_bought_with_it(at: datetime) -> None:
    first, second = vouchers.several(2, uses=10, a_day=1, at=at)
    device = merchants.device(store=first.store)
    vouchers.redeem(first, at=at)
    ready = services.prepare(code=first.code, store=first.store, at=at)
    assert (ready.most, ready.refusal) == (1, None)
    done = vouchers.redeem(first, device, nonce="tap", at=at)
    assert [one.voucher_ref for one in done.redeemed] == [second.ref]
    again = vouchers.redeem(first, device, nonce="tap", at=at)
    assert (again.replay, again.redeemed) == (True, done.redeemed)
    assert (first.row.uses_left, second.row.uses_left) == (9, 9)


@pytest.mark.parametrize("uses", [1, 2])
def test_an_answer_is_for_the_voucher_that_was_shown_alone(uses: int, at: datetime) -> None:
    first, second, third = vouchers.several(3, uses=10, a_day=1, at=at)
    device = merchants.device(store=first.store)
    if uses == 1:
        vouchers.redeem(first, at=at)
    done = vouchers.redeem(first, device, nonce="tap", uses=uses, at=at)
    assert done.redeemed[-1].voucher_ref == second.ref
    for other in (second, third, vouchers.voucher(store=first.store, at=at)):
        with pytest.raises(services.NonceReused):
            vouchers.redeem(other, device, nonce="tap", uses=uses, at=at)
    again = vouchers.redeem(first, device, nonce="tap", uses=uses, at=at)
    assert (again.replay, again.redeemed) == (True, done.redeemed)
    assert (first.row.uses_left, second.row.uses_left, third.row.uses_left) == (9, 9, 10)


def test_a_manager_lets_pass_more_than_the_day_of_all_cards(at: datetime) -> None:
    first, second = vouchers.several(2, uses=10, a_day=1, at=at)
    manager = people.person()
    assert first.store.merchant is not None
    merchants.staff(merchant=first.store.merchant, person=manager, role=Role.MANAGER, store=first.store)
    done = vouchers.redeem_by(first, manager, uses=3, override_reason="A party of three.", at=at)
    assert (len(done.redeemed), first.row.uses_left + second.row.uses_left) == (3, 17)


def test_all_or_nothing_of_several(at: datetime) -> None:
    first, second = vouchers.several(2, uses=2, at=at)
    with pytest.raises(services.NotEnoughLeft) as refused:
        vouchers.redeem(first, uses=5, at=at)
    assert refused.value.details == {"left": 4}
    assert (first.row.uses_left, second.row.uses_left) == (2, 2)
    assert vouchers.redeem(first, uses=4, at=at).uses_left == 0


def test_vouchers_of_another_order_are_not_taken_from(at: datetime) -> None:
    first = vouchers.voucher(at=at)
    vouchers.voucher(store=first.store, person=first.person, at=at)
    with pytest.raises(services.NotEnoughLeft):
        vouchers.redeem(first, uses=2, at=at)


def test_two_of_three_dishes_and_none_twice(at: datetime) -> None:
    menu = vouchers.voucher(uses=2, kind=VoucherKind.CHOICE, choices=DISHES, at=at)
    assert refusal(menu, at) == "choice_missing"
    done = vouchers.redeem(menu, choices=[0], at=at)
    assert [one.choice for one in done.redeemed] == [{"en": "Soup"}]
    assert refusal(menu, at, choices=[0]) == "choice_taken"
    undo(menu, done.redemption_ref, at)
    both = vouchers.redeem(menu, uses=2, choices=[2, 2], at=at)
    assert [one.choice for one in both.redeemed] == [{"en": "Cake"}, {"en": "Cake"}]
    assert menu.row.state == VoucherState.USED.value


def test_a_cash_voucher_keeps_what_the_bill_came_to(at: datetime) -> None:
    made = vouchers.voucher(
        kind=VoucherKind.CASH, face=Money(2_000, "EUR"), least_bill=Money(5_000, "EUR"), at=at
    )
    assert refusal(made, at) == "bill_missing"
    assert refusal(made, at, bill=Money(4_999, "EUR")) == "bill_small"
    done = vouchers.redeem(made, bill=Money(6_250, "EUR"), at=at)
    row = Redemption.objects.get(public_id=done.redemption_ref)
    assert (row.bill, row.bill_unit) == (6_250, "EUR")


def test_a_pass_opens_every_day_and_its_money_moves_once(at: datetime) -> None:
    made = vouchers.voucher(kind=VoucherKind.PASS, a_day=2, valid_days=30, at=at)
    first = vouchers.redeem(made, at=at)
    second = vouchers.redeem(made, at=at + timedelta(hours=1))
    assert (first.spent_units, second.spent_units) == (made.unit_refs, ())
    assert (first.use_no, second.use_no) == (1, 2)
    assert refusal(made, at + timedelta(hours=2)) == "day_is_used"
    tomorrow = vouchers.redeem(made, at=at + timedelta(days=1))
    assert (tomorrow.use_no, tomorrow.uses_left, made.row.state) == (3, 1, VoucherState.READY.value)
    assert queries.unused_units(made.unit_refs, at=at) == {}


def test_the_unit_of_a_pass_is_free_again_when_its_last_visit_is_undone(at: datetime) -> None:
    made = vouchers.voucher(kind=VoucherKind.PASS, valid_days=30, at=at)
    first = vouchers.redeem(made, at=at)
    second = vouchers.redeem(made, at=at + timedelta(minutes=1))
    assert undo(made, first.redemption_ref, at + timedelta(minutes=2)).unit_refs == ()
    assert undo(made, second.redemption_ref, at + timedelta(minutes=3)).unit_refs == made.unit_refs
    assert list(queries.unused_units(made.unit_refs, at=at)) == list(made.unit_refs)
    third = vouchers.redeem(made, at=at + timedelta(minutes=4))
    assert (third.spent_units, third.use_no) == (made.unit_refs, 3)


def test_a_pass_that_was_shown_is_used_up_at_its_end_and_one_that_was_not_has_expired(at: datetime) -> None:
    shown = vouchers.voucher(kind=VoucherKind.PASS, valid_days=1, at=at)
    kept = vouchers.voucher(kind=VoucherKind.PASS, valid_days=1, at=at)
    vouchers.redeem(shown, at=at)
    ended = {one.voucher_ref: one.unit_refs for one in services.expire_due(at=at + timedelta(days=5))}
    assert ended == {shown.ref: (), kept.ref: kept.unit_refs}
    assert (shown.row.state, shown.row.uses_left) == (VoucherState.USED.value, 0)
    assert (kept.row.state, kept.row.uses_left) == (VoucherState.EXPIRED.value, 1)


def test_a_refusal_says_when_it_is_good_again(at: datetime) -> None:
    """`at` is a Monday noon in Helsinki."""
    made = vouchers.voucher(weekdays=frozenset({2}), at=at)
    with pytest.raises(services.TermsRefuse) as refused:
        vouchers.redeem(made, at=at)
    assert refused.value.details["reason"] == "weekday"
    assert refused.value.details["next_at"] == datetime.fromisoformat("2026-06-02T00:00:00+03:00")


def test_a_manager_lets_pass_what_the_terms_refuse_and_nothing_else(at: datetime) -> None:
    made = vouchers.voucher(weekdays=frozenset({2}), valid_days=3, at=at)
    cashier, manager = people.person(), people.person()
    assert made.store.merchant is not None
    merchants.staff(merchant=made.store.merchant, person=cashier, store=made.store)
    merchants.staff(merchant=made.store.merchant, person=manager, role=Role.MANAGER, store=made.store)
    asked: dict[str, Any] = {"override_reason": "The shop was closed on their day.", "at": at}
    with pytest.raises(services.OverrideForbidden):
        vouchers.redeem_by(made, cashier, **asked)
    done = vouchers.redeem_by(made, manager, **asked)
    row = Redemption.objects.get(public_id=done.redemption_ref)
    assert row.override_reason == "The shop was closed on their day."
    with pytest.raises(services.VoucherAlreadyUsed):
        vouchers.redeem_by(made, manager, **asked)


def test_terms_are_those_of_the_order(at: datetime) -> None:
    made = vouchers.voucher(valid_days=10, at=at)
    vouchers.promise(made.row.offer_ref, valid_days=1, at=at + timedelta(hours=1))
    assert made.store.merchant is not None
    for ordered_at, days in ((at, 10), (at + timedelta(hours=2), 1)):
        (issued,) = services.issue(
            person=made.person, merchant=made.store.merchant, order_ref=f"ord_{days}",
            offer_ref=made.row.offer_ref, unit_refs=[f"unt_{days}"], titles={}, store_ids=[made.store.pk],
            zone="UTC", ordered_at=ordered_at, at=at + timedelta(hours=3),
        )  # fmt: skip
        assert issued.valid_until.date() - at.date() == timedelta(days=days + 1)


def test_contradictory_terms_are_refused(at: datetime) -> None:
    with pytest.raises(services.TermsWrong) as refused:
        vouchers.promise("off_x", kind=VoucherKind.CASH, at=at)
    assert refused.value.details == {"faults": ["face"]}
    assert queries.terms_of("off_x").kind is VoucherKind.SINGLE
