"""A question by phone at the moment of its end: confirmed twice, taken back, refunded. It is good once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import pytest

from hutong.flows import redeem, redeem_by_phone, refund
from hutong.kernel.errors import DomainError
from hutong.visit.vouchers import rules
from hutong.visit.vouchers.models import Redemption, RedemptionRequest, Use
from hutong.visit.vouchers.services import requests
from hutong.visit.vouchers.types import UseState, VoucherView
from hutong.visit.vouchers.types.requests import RequestForShop, RequestState
from tests.concurrency.forgetting import forgetting
from tests.concurrency.race import race
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db(transaction=True)

CLICKS = 8
GUARD = "AND r.closed_at IS NULL AND r.refused_at IS NULL AND r.ends_at > %(at)s"


def ask(shop: Scene, nonce: str, *, at: datetime) -> RequestForShop:
    return redeem_by_phone.ask(
        phone=str(shop.shopper.phone),
        uses=1,
        bill=None,
        actor=redeem.actor_for(device_ref=shop.device.public_id),
        nonce=nonce,
        address="127.0.0.1",
        at=at,
    )


def confirm(shop: Scene, request: RequestForShop, voucher: VoucherView, at: datetime) -> str:
    done = redeem_by_phone.confirm(request_ref=request.ref, voucher_ref=voucher.ref, by=shop.shopper, at=at)
    return done.redemption_ref


def withdraw(shop: Scene, request: RequestForShop, at: datetime) -> RequestState:
    actor_ref = shop.device.public_id
    return requests.withdraw(request_ref=request.ref, actor_ref=actor_ref, at=at).state


@contextmanager
def unguarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever confirms does not look whether it is over."""
    assert GUARD in requests._TAKE
    with monkeypatch.context() as patch:
        patch.setattr(requests, "_TAKE", requests._TAKE.replace(GUARD, ""))
        yield


def confirmed_at_once(at: datetime) -> set[str]:
    """The answers to clicks at the same moment, each for a voucher of its own."""
    shop = scene(at=at)
    bought = [shop.bought()[0] for _click in range(CLICKS)]
    request = ask(shop, "question-0", at=at)
    calls = [partial(confirm, shop, request, voucher, at) for voucher in bought]
    return {answer for answer in race(calls, expected=(DomainError,)) if isinstance(answer, str)}


def test_confirmed_at_once_it_is_redeemed_once_and_all_get_that_answer(at: datetime) -> None:
    (_answer,) = confirmed_at_once(at)
    assert Redemption.objects.count() == 1


@pytest.mark.unbalanced("each click redeems with a nonce of its own, and the books notice that")
def test_control_each_click_redeems_without_the_guards(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    # The nonce of the redemption is a second guard behind the first.
    within = redeem.redeem_within
    numbers = iter(range(1000))
    monkeypatch.setattr(
        redeem, "redeem_within", lambda **asked: within(**{**asked, "nonce": f"click-{next(numbers)}"})
    )
    with unguarded(monkeypatch):
        confirmed_at_once(at)
    assert Redemption.objects.count() > 1


def both(at: datetime, turns: int = 12) -> list[tuple[bool, RequestState]]:
    """Whether something was redeemed, and what the shop was told, where both sides end a question at once."""
    shop = scene(at=at)
    found: list[tuple[bool, RequestState]] = []
    for turn in range(turns):
        (voucher,) = shop.bought()
        moment = at + turn * rules.REQUEST_LASTS
        request = ask(shop, f"question-{turn}", at=moment)
        calls: list[Callable[[], str | RequestState]] = [
            partial(confirm, shop, request, voucher, moment),
            partial(withdraw, shop, request, moment),
        ]
        _confirmed, told = race(calls, expected=(DomainError,))
        assert isinstance(told, RequestState)
        found.append((Redemption.objects.filter(voucher__public_id=voucher.ref).exists(), told))
    return found


def test_what_the_shop_took_back_is_not_redeemed(at: datetime) -> None:
    for redeemed, told in both(at):
        assert (told is RequestState.CONFIRMED) == redeemed


def test_control_what_was_taken_back_is_redeemed_without_the_guard(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unguarded(monkeypatch):
        assert (True, RequestState.WITHDRAWN) in both(at)


def test_refunded_or_redeemed_and_never_both(at: datetime) -> None:
    shop = scene(at=at)
    for turn in range(8):
        (voucher,) = shop.bought()
        moment = at + turn * rules.REQUEST_LASTS
        request = ask(shop, f"question-{turn}", at=moment)
        give_back = partial(
            refund.refund,
            order_ref=voucher.order_ref,
            unit_refs=[use.unit_ref for use in voucher.uses],
            reason="shopper",
            by=shop.shopper,
            as_operator=False,
            at=moment,
        )
        calls: list[Callable[[], object]] = [partial(confirm, shop, request, voucher, moment), give_back]
        race(calls, expected=(DomainError,))
        redeemed = Redemption.objects.filter(voucher__public_id=voucher.ref).exists()
        state = Use.objects.get(voucher__public_id=voucher.ref).state
        assert state == (UseState.USED.value if redeemed else UseState.REFUNDED.value)
        if not redeemed:
            assert withdraw(shop, request, moment) is RequestState.WITHDRAWN


def asked_at_once(at: datetime) -> int:
    """How many questions of one device are open that were asked at the same moment."""
    shop = scene(at=at)
    calls = [partial(ask, shop, f"question-{turn}", at=at) for turn in range(4)]
    race(calls, expected=(requests.RequestOpen,))
    return RedemptionRequest.objects.filter(closed_at=None).count()


def test_a_device_asks_one_at_a_time(at: datetime) -> None:
    assert asked_at_once(at) == 1


def test_control_a_device_asks_several_without_the_guard(at: datetime) -> None:
    with forgetting(without=["vouchers_request_one_open"]):
        assert asked_at_once(at) > 1
