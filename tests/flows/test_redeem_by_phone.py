"""Without the code: the shop asks by a phone number and learns nothing from it; who is asked confirms, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import pytest

from hutong.flows import jobs, redeem, redeem_by_phone, refund
from hutong.kernel.errors import NotFound, TooMany
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import AccountKind
from hutong.town.merchants import services as merchant_services
from hutong.town.notifications.models import Notification
from hutong.town.people.services import PhoneInvalid
from hutong.visit.vouchers import rules, services
from hutong.visit.vouchers.models import Redemption, RedemptionRequest
from hutong.visit.vouchers.queries import requests as queries
from hutong.visit.vouchers.services import requests
from hutong.visit.vouchers.types import Choice, VoucherKind
from hutong.visit.vouchers.types.requests import RequestForShop, RequestState
from tests.factories import people, vouchers
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db

NOBODY = "+358401234567"
_nonces = count(1)


def ask(
    shop: Scene,
    phone: str = "",
    *,
    uses: int = 1,
    nonce: str = "",
    address: str = "127.0.0.1",
    at: datetime | None = None,
) -> RequestForShop:
    """The shop's device asks whoever has the number; the shopper's unless another is said."""
    return redeem_by_phone.ask(
        phone=phone or str(shop.shopper.phone),
        uses=uses,
        bill=None,
        actor=redeem.actor_for(device_ref=shop.device.public_id),
        nonce=nonce or f"question-{next(_nonces)}",
        address=address,
        at=at or shop.at,
    )


def seen(shop: Scene, request: RequestForShop, at: datetime) -> redeem_by_phone.Answered:
    """How the question stands for the shop's device."""
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    return redeem_by_phone.answered(request_ref=request.ref, actor=actor, at=at)


def confirm(shop: Scene, request: RequestForShop, voucher_ref: str, *, at: datetime | None = None) -> str:
    """The shopper confirms; the redemption."""
    done = redeem_by_phone.confirm(
        request_ref=request.ref, voucher_ref=voucher_ref, by=shop.shopper, at=at or shop.at
    )
    return done.redemption_ref


def test_who_is_asked_chooses_and_confirms_and_the_shop_sees_what_was_redeemed(at: datetime) -> None:
    shop = scene(at=at)
    first, second = shop.bought(quantity=2)
    request = ask(shop, uses=2)
    assert request.state is RequestState.WAITING
    (asked,) = queries.to_answer(shop.shopper, at=at)
    assert (asked.store_ref, asked.device_name, asked.uses) == (
        shop.store.public_id,
        shop.device.name,
        2,
    )
    (usable,) = redeem_by_phone.usable(asked, by=shop.shopper, at=at)
    assert (usable.prepared.voucher_ref, usable.prepared.most) == (first.ref, 2)
    ref = confirm(shop, request, first.ref)
    assert Redemption.objects.filter(undone_at=None, device=shop.device).count() == 2
    shown = seen(shop, request, at)
    assert shown.request.state is RequestState.CONFIRMED
    assert shown.result is not None
    assert shown.result.redemption_ref == ref
    assert {one.voucher_ref for one in shown.result.redeemed} == {first.ref, second.ref}
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == 0
    assert queries.to_answer(shop.shopper, at=at) == []


def test_confirming_again_gets_the_same_answer_and_uses_nothing_more(at: datetime) -> None:
    shop = scene(at=at)
    first, _second = shop.bought(quantity=2)
    request = ask(shop)
    assert confirm(shop, request, first.ref) == confirm(shop, request, first.ref)
    assert Redemption.objects.count() == 1


def test_a_number_that_nobody_has_and_a_no_look_the_same_to_the_shop(at: datetime) -> None:
    shop, other, third = scene(at=at), scene(at=at), scene(at=at)
    third.shopper = shop.shopper
    shop.bought()
    said_no, nobody, nothing_here = ask(shop), ask(other, NOBODY), ask(third)
    requests.refuse(request_ref=said_no.ref, by=shop.shopper, at=at)
    requests.refuse(request_ref=said_no.ref, by=shop.shopper, at=at)
    later, over = at + timedelta(minutes=1), at + rules.REQUEST_LASTS
    for moment, state in ((later, RequestState.WAITING), (over, RequestState.UNANSWERED)):
        states = [
            seen(each, one, moment).request.state
            for each, one in ((shop, said_no), (other, nobody), (third, nothing_here))
        ]
        assert states == [state] * 3
    # Nor does the device get on faster after a no.
    for each, number in ((shop, ""), (other, NOBODY)):
        with pytest.raises(requests.RequestOpen):
            ask(each, number, at=later)
        assert ask(each, number, at=over).state is RequestState.WAITING


def test_only_its_person_is_told_and_may_answer_and_only_its_device_may_look(at: datetime) -> None:
    shop, other = scene(at=at), scene(at=at)
    (voucher,) = shop.bought()
    request = ask(shop)
    ask(other, NOBODY)
    jobs.drain()
    (told,) = Notification.objects.filter(kind="voucher_asked")
    assert told.person_id == shop.shopper.pk
    stranger = people.person()
    for answer in (
        lambda: redeem_by_phone.confirm(request_ref=request.ref, voucher_ref=voucher.ref, by=stranger, at=at),
        lambda: requests.take(request_ref=request.ref, by=stranger, at=at),
        lambda: requests.refuse(request_ref=request.ref, by=stranger, at=at),
        lambda: seen(other, request, at),
        lambda: requests.withdraw(request_ref=request.ref, actor_ref=other.device.public_id, at=at),
    ):
        with pytest.raises(NotFound):
            answer()
    (theirs,) = other.bought()
    with pytest.raises(NotFound):  # one's own question does not open another's voucher
        confirm(shop, request, theirs.ref)
    assert not Redemption.objects.exists()


def test_a_question_is_over_after_its_minutes_and_when_it_is_taken_back(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    late = ask(shop)
    with pytest.raises(requests.RequestOver):
        confirm(shop, late, voucher.ref, at=at + rules.REQUEST_LASTS)
    again = ask(shop, at=at + rules.REQUEST_LASTS)
    moment = at + rules.REQUEST_LASTS + timedelta(minutes=1)
    gone = requests.withdraw(request_ref=again.ref, actor_ref=shop.device.public_id, at=moment)
    assert gone.state is RequestState.WITHDRAWN
    with pytest.raises(requests.RequestOver):
        confirm(shop, again, voucher.ref, at=moment)
    assert not Redemption.objects.exists()


def test_one_question_at_a_time_and_the_same_click_asks_once(at: datetime) -> None:
    shop = scene(at=at)
    request = ask(shop, nonce="the-same-click")
    assert ask(shop, nonce="the-same-click").ref == request.ref
    with pytest.raises(requests.RequestOpen) as open_now:
        ask(shop, NOBODY)
    assert open_now.value.details["request_ref"] == request.ref
    assert RedemptionRequest.objects.count() == 1


def test_what_the_terms_refuse_stays_open_for_another_voucher(at: datetime) -> None:
    shop = scene(at=at)
    vouchers.promise(shop.offer.public_id, at=at, uses=2, at_once=1)
    (card,) = shop.bought()
    request = ask(shop, uses=2)
    with pytest.raises(services.TermsRefuse):
        confirm(shop, request, card.ref)
    assert seen(shop, request, at).request.state is RequestState.WAITING
    assert not Redemption.objects.exists()


def test_choices_are_made_by_who_is_asked(at: datetime) -> None:
    shop = scene(at=at)
    dishes = (Choice({"en": "Soup"}), Choice({"en": "Cake"}))
    vouchers.promise(shop.offer.public_id, at=at, uses=2, kind=VoucherKind.CHOICE, choices=dishes)
    (menu,) = shop.bought()
    request = ask(shop)
    done = redeem_by_phone.confirm(
        request_ref=request.ref, voucher_ref=menu.ref, choices=(1,), by=shop.shopper, at=at
    )
    assert done.redeemed[0].choice == {"en": "Cake"}


def test_refunded_meanwhile_is_refused(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    request = ask(shop)
    refund.refund(
        order_ref=voucher.order_ref,
        unit_refs=[use.unit_ref for use in voucher.uses],
        reason="shopper",
        by=shop.shopper,
        as_operator=False,
        at=at,
    )
    with pytest.raises(services.VoucherRefunded):
        confirm(shop, request, voucher.ref)


def test_a_device_that_was_unpaired_meanwhile_redeems_nothing(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    request = ask(shop)
    merchant_services.revoke_device(device_ref=shop.device.public_id, by=people.operator(), at=at)
    with pytest.raises(redeem.MayNotRedeem):
        confirm(shop, request, voucher.ref)
    assert not Redemption.objects.exists()


def test_questions_are_counted_by_device_and_number_whoever_has_it(at: datetime) -> None:
    shop, prober = scene(at=at), scene(at=at)
    for number, whose in ((NOBODY, prober), (str(shop.shopper.phone), shop)):
        for turn in range(rules.REQUESTS_TO_ONE_BY_ONE):
            one = ask(whose, number, nonce=f"turn-{turn}-{number}", address=number)
            requests.withdraw(request_ref=one.ref, actor_ref=whose.device.public_id, at=at)
        with pytest.raises(TooMany):
            ask(whose, number, address=number)
    for turn in range(rules.REQUESTS_OWN):
        number = f"+3584012{turn:05d}"
        try:
            one = ask(prober, number, address="10.0.0.1")
        except TooMany:
            break
        requests.withdraw(request_ref=one.ref, actor_ref=prober.device.public_id, at=at)
    else:
        raise AssertionError("nobody counted")
    with pytest.raises(PhoneInvalid):
        ask(prober, "12")


def test_nothing_of_the_person_is_kept_that_is_not_needed(at: datetime) -> None:
    shop = scene(at=at)
    (voucher,) = shop.bought()
    came_to_nothing = ask(shop)
    requests.withdraw(request_ref=came_to_nothing.ref, actor_ref=shop.device.public_id, at=at)
    confirm(shop, ask(shop), voucher.ref)
    assert requests.clear_out(at=at + timedelta(days=29)) == 0
    assert requests.clear_out(at=at + timedelta(days=31)) == 1
    requests.forget_person(person=shop.shopper)
    (left,) = RedemptionRequest.objects.all()
    assert (left.ending, bool(left.redemption_ref)) == ("", True)
