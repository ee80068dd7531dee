"""Racing devices at one voucher, and refunds against redemptions; each race has a control without the guard."""

import random
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from django.db import OperationalError, transaction

from hutong.kernel.errors import DomainError
from hutong.kernel.rows import scalar
from hutong.town.merchants.models import Device
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.models import Redemption, Use, Voucher
from hutong.visit.vouchers.types import RedemptionResult
from tests.concurrency.forgetting import forgetting
from tests.concurrency.race import constraint_dropped, race
from tests.concurrency.unguarded import unguarded
from tests.concurrency.waiting import behind
from tests.factories import merchants, people, vouchers
from tests.factories.vouchers import MadeVoucher

pytestmark = pytest.mark.django_db(transaction=True)

redeeming = sys.modules[services.redeem.__module__]  # the package gives its name to the function
VOUCHERS = 100
DEVICES = 32


def issue_many(number: int) -> tuple[list[MadeVoucher], list[Device]]:
    """Vouchers of one merchant and the devices that will race for them."""
    store = merchants.store()
    person = people.person()
    made = [vouchers.voucher(store=store, person=person) for _voucher in range(number)]
    return made, [merchants.device(store=store, name=f"Till {index}") for index in range(DEVICES)]


def redeem_all(made: list[MadeVoucher], device: Device, at: datetime, seed: int) -> list[RedemptionResult]:
    """One device tries every voucher, in an order of its own; what it got."""
    got = []
    for voucher in random.Random(seed).sample(made, len(made)):
        try:
            got.append(vouchers.redeem(voucher, device, nonce=f"{device.pk}-{voucher.ref}", at=at))
        except services.VoucherAlreadyUsed:
            continue  # what the test counts
    return got


def redeem_all_naively(made: list[MadeVoucher], _device: Device, _at: datetime, seed: int) -> int:
    """The control: read the voucher, check it, save it."""
    got = 0
    for voucher in made:  # the same order for all, so that they meet
        with transaction.atomic():
            row = Voucher.objects.get(public_id=voucher.ref)
            if row.uses_left < 1:
                continue
            row.uses_left, row.state = 0, "used"
            row.save(update_fields=["uses_left", "state"])
            got += 1
    return got


def test_100_vouchers_and_racing_devices_make_100_redemptions(at: datetime) -> None:
    made, devices = issue_many(VOUCHERS)
    results = race([partial(redeem_all, made, device, at, seed) for seed, device in enumerate(devices)])
    redeemed = [one.voucher_ref for result in results for one in result]
    assert len(redeemed) == VOUCHERS
    assert sorted(redeemed) == sorted(voucher.ref for voucher in made)
    assert Redemption.objects.count() == VOUCHERS
    assert queries.problems() == []


def test_all_devices_at_the_very_same_voucher_make_one_redemption(at: datetime) -> None:
    (made,), devices = issue_many(1)
    answers = race(
        [partial(vouchers.redeem, made, device, at=at) for device in devices],
        expected=(services.VoucherAlreadyUsed,),
    )
    assert sum(isinstance(answer, RedemptionResult) for answer in answers) == 1
    assert made.row.uses_left == 0


def test_control_reading_before_writing_redeems_twice(at: datetime) -> None:
    made, devices = issue_many(30)
    got = race([partial(redeem_all_naively, made, device, at, seed) for seed, device in enumerate(devices)])
    assert sum(got) > len(made)


@pytest.mark.parametrize("uses", [1, 5])
def test_one_nonce_in_16_threads_is_one_redemption_and_one_answer(uses: int, at: datetime) -> None:
    made = vouchers.voucher(uses=uses)
    device = merchants.device(store=made.store)
    answers = race([partial(vouchers.redeem, made, device, nonce="tap", at=at) for _thread in range(16)])
    results = [answer for answer in answers if isinstance(answer, RedemptionResult)]
    assert len({result.redemption_ref for result in results}) == 1
    assert sorted(result.replay for result in results) == [False] + [True] * 15
    assert made.row.uses_left == uses - 1
    assert queries.problems() == []


def tapped_twice(
    uses: int, at: datetime, *, asked: int = 1, a_day: int | None = None
) -> tuple[MadeVoucher, Callable[[], RedemptionResult]]:
    """A voucher, and what its two taps do, which are one to the device: they have the same nonce."""
    made = vouchers.voucher(uses=uses, a_day=a_day, at=at)
    device = merchants.device(store=made.store)
    return made, partial(vouchers.redeem, made, device, nonce="tap", uses=asked, at=at)


@pytest.mark.parametrize(("uses", "asked", "a_day"), [(1, 1, None), (5, 1, None), (3, 2, None), (5, 1, 1)])
def test_the_second_tap_gets_the_answer_of_the_first(
    uses: int, asked: int, a_day: int | None, at: datetime
) -> None:
    made, tap = tapped_twice(uses, at, asked=asked, a_day=a_day)
    assert behind(tap, tap).replay
    assert (made.row.uses_left, Redemption.objects.count()) == (uses - asked, asked)


def test_control_a_nonce_that_is_not_unique_takes_two_uses(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, tap = tapped_twice(5, at)
    once = "ON CONFLICT (actor_ref, nonce, position) DO NOTHING"
    assert once in redeeming._RECORD
    monkeypatch.setattr(redeeming, "_RECORD", redeeming._RECORD.replace(once, ""))
    with constraint_dropped("vouchers_redemption", "vouchers_redemption_nonce"):
        assert not behind(tap, tap).replay
        assert (made.row.uses_left, Redemption.objects.count()) == (3, 2)


@pytest.mark.parametrize(
    ("uses", "asked", "a_day", "refused"),
    [
        (1, 1, None, services.VoucherAlreadyUsed),
        (3, 2, None, services.NotEnoughLeft),
        (5, 1, 1, services.TermsRefuse),
    ],
)
def test_control_a_voucher_that_is_not_asked_who_used_it_turns_the_second_tap_away(
    uses: int, asked: int, a_day: int | None, refused: type[DomainError], at: datetime
) -> None:
    _made, tap = tapped_twice(uses, at, asked=asked, a_day=a_day)
    with unguarded(services.redeem, ", " + refused.__name__):
        assert isinstance(behind(tap, tap, expected=(refused,)), refused)


def scan_of_the_second_card(at: datetime) -> RedemptionResult | Exception:
    """What a scan of B gets while a scan of A, which was bought with it, locks both by their keys. Both had their day."""
    first, second = vouchers.several(2, uses=5, a_day=1, at=at)
    for one in (first, second):
        vouchers.redeem(one, at=at)
    device = merchants.device(store=first.store)

    def lock(made: MadeVoucher) -> None:
        assert Voucher.objects.select_for_update(no_key=True).get(public_id=made.ref).uses_left == 4

    try:
        return behind(
            partial(lock, first),
            partial(vouchers.redeem, second, device, at=at),
            meanwhile=partial(lock, second),
            expected=(services.TermsRefuse, OperationalError),
        )
    except OperationalError as deadlock:
        return deadlock  # PostgreSQL ends the one that looks for a deadlock first, and on a busy machine that is either


def test_scans_of_two_cards_that_had_their_day_do_not_wait_for_each_other(at: datetime) -> None:
    refused = scan_of_the_second_card(at)
    assert isinstance(refused, services.TermsRefuse)
    assert refused.details["reason"] == "day_is_used"


def test_control_a_scan_that_keeps_the_card_it_was_shown_and_locks_the_others_is_a_deadlock(
    at: datetime,
) -> None:
    with unguarded(
        redeeming._take_all,
        "with transaction.atomic():\n                return _take_shown",
        "return _take_shown",
    ):
        assert isinstance(scan_of_the_second_card(at), OperationalError)


def test_a_card_of_ten_uses_is_used_ten_times(at: datetime) -> None:
    made = vouchers.voucher(uses=10)
    device = merchants.device(store=made.store)
    answers = race(
        [partial(vouchers.redeem, made, device, at=at) for _thread in range(30)],
        expected=(services.VoucherAlreadyUsed,),
    )
    units = {answer.unit_ref for answer in answers if isinstance(answer, RedemptionResult)}
    assert units == set(made.unit_refs)
    assert queries.problems() == []


def refund_or_redeem(made: list[MadeVoucher], device: Device, at: datetime, redeems: bool) -> int:
    """One side of the race over the same vouchers in the same order; how often it won."""
    won = 0
    for voucher in made:
        try:
            if redeems:
                vouchers.redeem(voucher, device, nonce=f"{device.pk}-{voucher.ref}", at=at)
            else:
                services.release_for_refund(unit_refs=voucher.unit_refs)
            won += 1
        except (services.VoucherRefunded, services.VoucherAlreadyUsed, services.UnitsNotRefundable):
            continue  # what the test counts
    return won


def refund_or_redeem_naively(made: list[MadeVoucher], device: Device, at: datetime, redeems: bool) -> int:
    """The control: each side checks that the use is ready, then writes its own side's row."""
    won = 0
    for voucher in made:
        with transaction.atomic():
            if Use.objects.get(unit_ref=voucher.unit_refs[0]).state == "ready":
                scalar("SELECT pg_sleep(0.001)")  # what a real check between reading and writing takes
                Use.objects.filter(unit_ref=voucher.unit_refs[0]).update(
                    state="used" if redeems else "refunded"
                )
                won += 1
    return won


def test_a_refund_and_a_redemption_never_both_win(at: datetime) -> None:
    made, devices = issue_many(250)
    calls = [
        partial(refund_or_redeem, made, device, at, redeems)
        for device, redeems in zip(devices[:8], [True, False] * 4, strict=True)
    ]
    won = race(calls)
    assert sum(won) == len(made)
    states = list(Use.objects.values_list("state", flat=True))
    assert states.count("used") == Redemption.objects.count() == sum(won[0::2])
    assert states.count("refunded") == sum(won[1::2])
    assert queries.problems() == []


def test_control_checking_before_writing_lets_both_win(at: datetime) -> None:
    made, devices = issue_many(40)
    calls = [
        partial(refund_or_redeem_naively, made, device, at, redeems)
        for device, redeems in zip(devices[:8], [True, False] * 4, strict=True)
    ]
    assert sum(race(calls)) > len(made)


def test_undo_by_two_hands_gives_the_use_back_once(at: datetime) -> None:
    made = vouchers.voucher(uses=2)
    device = merchants.device(store=made.store)
    ref = vouchers.redeem(made, device, at=at).redemption_ref
    undo = partial(services.undo, redemption_ref=ref, actor_ref=device.public_id, by=None, at=at)
    answers = race([undo] * 16)
    assert sorted(answer.replay for answer in answers) == [False] + [True] * 15
    assert (made.row.uses_left, made.row.undone_count) == (2, 1)
    assert queries.problems() == []


def test_control_undone_by_two_hands_without_the_guards_gives_uses_of_others_back(at: datetime) -> None:
    """Whether it was undone is forgotten. Of a voucher with one use the count of uses would still stop it."""
    made = vouchers.voucher(uses=4)
    device = merchants.device(store=made.store)
    refs = [vouchers.redeem(made, device, at=at).redemption_ref for _use in range(4)]
    undo = partial(services.undo, redemption_ref=refs[0], actor_ref=device.public_id, by=None, at=at)
    with forgetting("vouchers_redemption", "vouchers_use"):
        answers = race([undo] * 2)
    assert [answer.replay for answer in answers] == [False, False]
    assert (made.row.uses_left, made.row.undone_count) == (2, 2)
