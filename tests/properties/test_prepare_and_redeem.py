"""What `prepare` says can be used now is what `redeem` takes: all of it by one scan, and not one more."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.town.merchants.models import Store
from hutong.town.people.models import Person
from hutong.visit.vouchers import queries, services
from hutong.visit.vouchers.models import Redemption
from hutong.visit.vouchers.types import Choice, VoucherKind
from tests.factories import merchants, people, vouchers
from tests.factories.vouchers import NOON, MadeVoucher

pytestmark = pytest.mark.django_db

DISHES = tuple(Choice({"en": name}, most=2) for name in ("Soup", "Salad", "Cake"))
BILL = Money(100_000_000, "EUR")
KINDS = [VoucherKind.SINGLE, VoucherKind.CARD, VoucherKind.CHOICE, VoucherKind.CASH, VoucherKind.PASS]


@st.composite
def promised(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    uses = {
        VoucherKind.CARD: st.integers(2, 6), VoucherKind.CHOICE: st.integers(1, 6), VoucherKind.CASH: st.integers(1, 4)
    }.get(kind, st.just(1))  # fmt: skip
    said: dict[str, Any] = {"kind": kind, "uses": draw(uses), "valid_days": 30}
    said["a_day"] = draw(st.none() | st.integers(1, 4))
    said["at_once"] = draw(st.none() | st.integers(1, 4))
    if kind is VoucherKind.CHOICE:
        said["choices"] = DISHES
    if kind is VoucherKind.CASH:
        said |= {"face": Money(1_000, "EUR"), "least_bill": Money(5_000, "EUR")}
    return said


@pytest.fixture
def place() -> tuple[Store, Person]:
    return merchants.store(), people.person()


def shown_first(made: list[MadeVoucher], shown: MadeVoucher) -> list[MadeVoucher]:
    return [shown, *(one for one in made if one.ref != shown.ref)]


def dishes(made: list[MadeVoucher], shown: MadeVoucher, uses: int, said: dict[str, Any]) -> list[int]:
    """What can still be taken, of the vouchers in the order in which a scan takes from them."""
    chosen: list[int] = []
    for one in shown_first(made, shown):
        live = list(Redemption.objects.filter(voucher__public_id=one.ref, undone_at=None))
        taken = Counter(each.choice for each in live)
        free = [position for position in range(len(DISHES)) for _time in range(2 - taken[position])]
        own = one.row.uses_left
        if said["a_day"]:
            own = min(own, max(0, said["a_day"] - sum(each.at.date() == NOON.date() for each in live)))
        chosen += free[: min(own, uses - len(chosen))]
    return chosen + [0] * (uses - len(chosen))


def asked(made: list[MadeVoucher], shown: MadeVoucher, uses: int, said: dict[str, Any]) -> dict[str, Any]:
    kind = said["kind"]
    return {
        "uses": uses,
        "bill": BILL if kind is VoucherKind.CASH else None,
        "choices": dishes(made, shown, uses, said) if kind is VoucherKind.CHOICE else (),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    promised(),
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 1)), max_size=4),
    st.integers(0, 2),
)
def test_as_many_as_prepare_says_are_redeemed_and_one_more_is_refused(
    place: tuple[Store, Person],
    said: dict[str, Any],
    number: int,
    before: list[tuple[int, int, int]],
    which: int,
) -> None:
    """`before` are earlier scans: which voucher was shown, how many uses were asked for, how many days ago."""
    store, person = place
    start = NOON - timedelta(days=1, hours=1)
    made = vouchers.several(number, store=store, person=person, at=start, **said)
    for index, uses, days in sorted(before, key=lambda scan: -scan[2]):
        one = made[index % number]
        try:
            with transaction.atomic():
                vouchers.redeem(one, at=NOON - timedelta(days=days, hours=1), **asked(made, one, uses, said))
        except DomainError:
            pass  # what was taken before does not matter, only that it varies
    shown = made[which % number]
    try:
        ready = services.prepare(code=shown.code, store=store, at=NOON)
    except services.VoucherAlreadyUsed:
        with pytest.raises(services.VoucherAlreadyUsed):
            vouchers.redeem(shown, at=NOON, **asked(made, shown, 1, said))
        return

    assert (ready.most == 0) is (ready.refusal is not None)
    with pytest.raises((services.TermsRefuse, services.NotEnoughLeft)) as refused, transaction.atomic():
        vouchers.redeem(shown, at=NOON, **asked(made, shown, ready.most + 1, said))
    if ready.refusal:
        assert isinstance(refused.value, services.TermsRefuse)
        assert refused.value.details["reason"] == ready.refusal.reason.value
    else:
        done = vouchers.redeem(shown, at=NOON, **asked(made, shown, ready.most, said))
        assert len(done.redeemed) == ready.most
    assert queries.problems() == []
