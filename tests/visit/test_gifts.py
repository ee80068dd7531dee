"""A voucher given to a friend by a link that changes hands once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from hutong.kernel.errors import NotFound
from hutong.visit.vouchers import queries, services
from tests.factories import people, vouchers
from tests.factories.vouchers import MadeVoucher

pytestmark = pytest.mark.django_db


def token(made: MadeVoucher, at: datetime, message: str = "Enjoy!") -> str:
    return services.give(voucher_ref=made.ref, message=message, by=made.person, at=at).token


def test_a_friend_opens_the_link_and_has_a_code_of_their_own(at: datetime) -> None:
    made, friend = vouchers.voucher(uses=2, at=at), people.person(name="Frida Friend")
    vouchers.redeem(made, at=at)
    link = token(made, at)
    shown = queries.gift_by_token(link, at=at)
    assert shown is not None
    assert (shown.giver_name, shown.message, shown.givable) == ("Sami Shopper", "Enjoy!", True)
    assert made.code not in repr(shown)
    assert services.claim(token=link, by=friend, at=at) == made.ref
    assert services.claim(token=link, by=friend, at=at) == made.ref  # a second click
    mine = queries.voucher_view(made.ref, friend, at=at)
    assert mine is not None
    assert queries.voucher_view(made.ref, made.person, at=at) is None
    with pytest.raises(services.VoucherUnknown):
        vouchers.redeem(made, at=at)
    assert vouchers.redeem(made, code=mine.code, at=at).use_no == 2


def test_whoever_gave_it_sees_no_code_and_takes_no_money_back(
    at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = vouchers.voucher(at=at)
    with django_assert_num_queries(1):  # a scan between two would look like terms that promise nothing
        assert queries.unused_units(made.unit_refs, at=at) == dict.fromkeys(made.unit_refs, True)
    services.claim(token=token(made, at), by=people.person(), at=at)
    (seen,) = queries.vouchers_of_order(made.order_ref, at=at)
    assert (seen.given, seen.code, seen.qr_text, seen.gives_back) == (True, "", "", False)
    assert queries.unused_units(made.unit_refs, at=at) == dict.fromkeys(made.unit_refs, False)


def test_until_it_is_opened_it_stays_usable_and_the_link_the_same(at: datetime) -> None:
    made = vouchers.voucher(uses=2, at=at)
    assert token(made, at) == token(made, at, "Another word")
    vouchers.redeem(made, at=at)
    vouchers.redeem(made, at=at)
    link = queries.gift_of(made.ref, made.person)
    assert link is not None
    with pytest.raises(services.VoucherNotGivable):
        services.claim(token=link.token, by=people.person(), at=at)


def test_it_changes_hands_once(at: datetime) -> None:
    made, friend = vouchers.voucher(at=at), people.person()
    link = token(made, at)
    services.claim(token=link, by=friend, at=at)
    with pytest.raises(services.GiftGone):
        services.claim(token=link, by=people.person(), at=at)
    with pytest.raises(services.VoucherGivenBefore):
        services.give(voucher_ref=made.ref, message="", by=friend, at=at)


def test_taken_back_and_given_again(at: datetime) -> None:
    made = vouchers.voucher(at=at)
    gift = services.give(voucher_ref=made.ref, message="", by=made.person, at=at)
    with pytest.raises(services.GiftUnknown):
        services.take_back(gift_ref=gift.ref, by=people.person(), at=at)
    services.take_back(gift_ref=gift.ref, by=made.person, at=at)
    services.take_back(gift_ref=gift.ref, by=made.person, at=at)  # a second click
    with pytest.raises(services.GiftGone):
        services.claim(token=gift.token, by=people.person(), at=at)
    again = token(made, at)
    assert again != gift.token
    services.claim(token=again, by=people.person(), at=at)
    opened = queries.gift_of(made.ref, made.person)
    assert opened is not None
    with pytest.raises(services.GiftGone):
        services.take_back(gift_ref=opened.ref, by=made.person, at=at)


def test_nobody_gives_what_is_not_theirs_or_is_over(at: datetime) -> None:
    made, used = vouchers.voucher(valid_days=1, at=at), vouchers.voucher(at=at)
    vouchers.redeem(used, at=at)
    with pytest.raises(NotFound):
        services.give(voucher_ref=made.ref, message="", by=people.person(), at=at)
    for voucher, by, moment in (
        (used, used.person, at),
        (made, made.person, at + timedelta(days=3)),
    ):
        with pytest.raises(services.VoucherNotGivable):
            services.give(voucher_ref=voucher.ref, message="", by=by, at=moment)
    link = token(made, at)
    with pytest.raises(services.VoucherNotGivable):
        services.claim(token=link, by=people.person(), at=at + timedelta(days=3))
    with pytest.raises(services.GiftIsYours):
        services.claim(token=link, by=made.person, at=at)
    with pytest.raises(services.GiftUnknown):
        services.claim(token="0" * 40, by=people.person(), at=at)
