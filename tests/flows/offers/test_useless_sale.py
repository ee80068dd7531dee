"""A sale that goes on when its vouchers can never be used any more: its maker is warned, and nobody is sold one."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from hutong.flows import cart, checkout
from hutong.flows.offers.body import blank, useless_from
from hutong.kernel.errors import DomainError
from hutong.pay.orders.types import OrderState
from hutong.visit.vouchers.types import Hours
from tests.factories import vouchers
from tests.factories.loop import scene

pytestmark = pytest.mark.django_db

ZONE = "Europe/Helsinki"
MONDAY, LAST_TUESDAY, SUNDAY = date(2026, 6, 1), date(2026, 6, 9), date(2026, 6, 14)
TUESDAYS = frozenset({2})
LUNCH = (Hours(time(11), time(14)),)


def day_that_is_warned_of(ends_on: date | None, *, valid_days: int = 90, **terms: Any) -> date | None:
    """For vouchers on Tuesdays, unless told otherwise."""
    said = {"weekdays": [2], **terms}
    body = {**blank(unit="EUR", stores=()), "valid_days": valid_days, "terms": said}
    return useless_from({**body, "ends_on": ends_on.isoformat() if ends_on else ""}, today=MONDAY, zone=ZONE)


@pytest.mark.parametrize(
    ("ends_on", "terms", "day"),
    [
        (SUNDAY, {"last_on": "2026-06-14"}, date(2026, 6, 10)),
        (LAST_TUESDAY, {"last_on": "2026-06-14"}, None),
        (LAST_TUESDAY, {"last_on": "2026-06-14", "hours": [["11:00", "14:00"]]}, LAST_TUESDAY),
        (None, {"last_on": "2026-06-14"}, date(2026, 6, 10)),
        (SUNDAY, {}, None),
        (None, {}, None),
        (None, {"valid_days": 3}, date(2026, 6, 3)),
        (None, {"valid_days": 3, "weekdays": []}, None),
        (MONDAY, {"valid_days": 3}, None),
    ],
)
def test_the_first_day_of_sale_whose_vouchers_are_worth_nothing(
    ends_on: date | None, terms: dict[str, Any], day: date | None
) -> None:
    assert day_that_is_warned_of(ends_on, **terms) == day


def test_a_voucher_that_can_never_be_used_is_not_sold(at: datetime) -> None:
    shop = scene(at=at)
    offer_ref = shop.offer.public_id
    vouchers.promise(offer_ref, weekdays=TUESDAYS, hours=LUNCH, last_on=SUNDAY, at=at)
    lunch_ends = datetime(2026, 6, 9, 14, 0, tzinfo=at.tzinfo) - timedelta(hours=3)
    last, over = lunch_ends - timedelta(seconds=1), lunch_ends
    placed = shop.order(at=last, client_key="click")
    with pytest.raises(cart.NeverUsable) as refused:
        shop.order(at=over)
    assert refused.value.details == {"offer_refs": [offer_ref]}
    again = checkout.place(
        person=shop.shopper,
        wants={offer_ref: 1},
        store_ref=shop.store.public_id,
        shown_hash=cart.price(
            wants={offer_ref: 1}, at=last, person=shop.shopper, store_ref=shop.store.public_id
        ).quote.hash,
        client_key="click",
        remember_consent=True,
        at=over,
    )
    assert (again.order_ref, again.created) == (placed.order_ref, False), "the same click finds its order"
    assert again.state is OrderState.AWAITING_PAYMENT


WHY = "If it were bought now, no day on which it can be used would come before it ends. Nothing was ordered."


def test_who_comes_too_late_reads_why(at: datetime) -> None:
    shop = scene(at=at)
    vouchers.promise(shop.offer.public_id, weekdays=TUESDAYS, last_on=SUNDAY, at=at)
    with pytest.raises(DomainError, match=WHY):
        shop.order(at=datetime(2026, 6, 10, 9, tzinfo=at.tzinfo))


def test_a_deal_that_is_sold_again_on_other_days_does_not_say_that_it_is_over(at: datetime) -> None:
    """On Tuesdays, for three days: who buys on a Wednesday gets none, who buys on the Saturday does."""
    shop = scene(at=at)
    vouchers.promise(shop.offer.public_id, weekdays=TUESDAYS, valid_days=3, at=at)
    with pytest.raises(DomainError) as refused:
        shop.order(at=datetime(2026, 6, 3, 9, tzinfo=at.tzinfo))
    assert str(refused.value) == WHY
    with override("zh-hans"):
        assert str(refused.value) == "现在购买的话，到期之前没有可以使用的日子，未下单。"
    assert shop.order(at=datetime(2026, 6, 6, 9, tzinfo=at.tzinfo)).created
