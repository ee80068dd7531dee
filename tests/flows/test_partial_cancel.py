"""Giving a part of an order back by the terms that were shown: less comes back, and what is kept costs what it costs."""

from datetime import datetime

import pytest

from hutong.flows import books, redeem, refund
from hutong.kernel.money import Money
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.services import OrderUnknown
from hutong.pay.orders.types import UnitState
from hutong.pay.payments.types import RefundReport, RefundView, ReportStatus
from hutong.pay.pricing.types import Funder, Lane, RaiseReason
from hutong.visit.vouchers import queries as vouchers
from tests.factories import catalog, giftcards, people, pricing, quoted
from tests.factories import vouchers as vouchers_made
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(at: datetime) -> Scene:
    """A shop with a deal at 10.00 (list 12.00)."""
    return scene(at=at, price=1000)


def give_back(
    shop: Scene, order_ref: str, unit_refs: list[str] | None, at: datetime, *, expected: int | None = None
) -> RefundView:
    """What a shopper does, and the provider sends the money."""
    asked = refund._request(
        order_ref,
        unit_refs,
        "",
        shop.shopper,
        False,
        at,
        expected=None if expected is None else Money(expected, "EUR"),
    )
    if asked.ref.startswith("rfd_"):
        refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, f"prv_{asked.ref}"), at=at)
    return asked


def paid(order_ref: str) -> list[tuple[str, int]]:
    """State and what was paid, unit by unit."""
    return [(unit.state.value, unit.paid.minor) for unit in orders.units_of(order_ref)]


def refs(order_ref: str) -> list[str]:
    return [unit.unit_ref for unit in orders.units_of(order_ref)]


def code_of(shop: Scene, order_ref: str, unit_ref: str) -> str:
    (code,) = (
        voucher.code
        for voucher in vouchers.vouchers_of_order(order_ref, at=shop.at)
        if unit_ref in {use.unit_ref for use in voucher.uses}
    )
    return code


def in_books(kind: AccountKind, owner: str) -> int:
    return balance(kind, owner, "EUR").minor


def test_two_are_no_three(shop: Scene, at: datetime) -> None:
    """24.00 were paid for three. Two cost 20.00, so 4.00 come back, then 10.00 and 10.00: as the page said."""
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    first, second, third = refs(order_ref)
    shown = refund.preview(order_ref=order_ref, unit_refs=[first], by=shop.shopper, at=at)
    assert (shown.amount.minor, shown.without_terms.minor, shown.less.minor) == (400, 800, 400)
    (lost,) = shown.lost
    assert (lost.reason, lost.pieces, lost.price) == (RaiseReason.STEP_LOST, 3, Money(1000, "EUR"))

    assert give_back(shop, order_ref, [first], at, expected=400).amount.minor == 400
    assert paid(order_ref) == [("refunded", 400), ("sold", 1000), ("sold", 1000)]
    assert in_books(AccountKind.UNREDEEMED, shop.merchant.public_id) == 2000
    assert books.check(at=at, ask_providers=False).problems == ()

    after = refund.preview(order_ref=order_ref, unit_refs=[second], by=shop.shopper, at=at)
    assert (after.amount.minor, after.less.minor, after.lost) == (1000, 0, ())
    give_back(shop, order_ref, [second], at)
    give_back(shop, order_ref, [third], at)
    found = orders.order_facts(order_ref)
    assert found is not None
    assert found.refunded == found.total == Money(2400, "EUR")
    assert books.check(at=at, ask_providers=False).problems == ()


def test_what_is_kept_is_settled_at_what_it_costs_now(shop: Scene, at: datetime) -> None:
    """The commission stays that of the sale: 0.80 of a piece, though 10.00 are paid for it now."""
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    first, second, _third = refs(order_ref)
    give_back(shop, order_ref, [first], at)
    shop.scan(code_of(shop, order_ref, second), at=at)
    assert in_books(AccountKind.PAYABLE, shop.merchant.public_id) == 1000 - 80
    assert in_books(AccountKind.COMMISSION, PLATFORM) == 80
    assert books.check(at=at, ask_providers=False).problems == ()


def test_what_was_used_counts_and_is_settled_anew(shop: Scene, at: datetime) -> None:
    """One of three is used at 8.00, the other two go back: the one costs 10.00, so 14.00 come back and not 16.00."""
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    used, *_rest = refs(order_ref)
    scan = shop.scan(code_of(shop, order_ref, used), at=at)
    assert in_books(AccountKind.PAYABLE, shop.merchant.public_id) == 800 - 80
    assert give_back(shop, order_ref, None, at).amount.minor == 1400
    assert [state for state, _minor in paid(order_ref)] == ["used", "refunded", "refunded"]
    assert paid(order_ref)[0] == ("used", 1000)
    assert in_books(AccountKind.PAYABLE, shop.merchant.public_id) == 1000 - 80
    assert in_books(AccountKind.UNREDEEMED, shop.merchant.public_id) == 0
    assert books.check(at=at, ask_providers=False).problems == ()
    # The scan is undone all the same, and with it all that was settled.
    redeem.undo(
        redemption_ref=scan.redemption_ref,
        actor=redeem.actor_for(device_ref=shop.device.public_id),
        at=at,
    )
    assert in_books(AccountKind.PAYABLE, shop.merchant.public_id) == 0
    assert give_back(shop, order_ref, [used], at).amount.minor == 1000
    assert books.check(at=at, ask_providers=False).problems == ()


def test_a_discount_of_the_platform_goes_back_to_it(shop: Scene, at: datetime) -> None:
    """5.00 of the platform from 20.00: who gives one of two back keeps one at 12.00, and the platform has its 5.00."""
    promotion = pricing.promotion(
        pricing.off(500),
        Lane.PLATFORM_PROMOTION,
        ref="prm_town",
        funder=Funder.PLATFORM,
        minimum=2000,
        binding=True,
    )
    line = quoted.bulk(shop, quantity=2, price=1200, steps={})
    order_ref = quoted.bought(shop, quoted.quoted([line], [promotion]), at=at)
    first, second = refs(order_ref)
    assert in_books(AccountKind.PROMOTION, PLATFORM) == -500
    shown = refund.preview(order_ref=order_ref, unit_refs=[first], by=shop.shopper, at=at)
    assert (shown.amount.minor, shown.less.minor) == (700, 250)
    (lost,) = shown.lost
    assert (lost.reason, lost.minimum) == (RaiseReason.MINIMUM_LOST, Money(2000, "EUR"))
    give_back(shop, order_ref, [first], at)
    assert in_books(AccountKind.PROMOTION, PLATFORM) == 0
    assert in_books(AccountKind.UNREDEEMED, shop.merchant.public_id) == 1200
    shop.scan(code_of(shop, order_ref, second), at=at)
    assert in_books(AccountKind.PAYABLE, shop.merchant.public_id) == 1080
    assert books.check(at=at, ask_providers=False).problems == ()


def test_one_use_of_a_card_and_a_whole_card(shop: Scene, at: datetime) -> None:
    """Three cards of two uses at 8.00. One use goes back at 4.00; with its other the card is gone, and two are no three."""
    vouchers_made.promise(shop.offer.public_id, uses=2)
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop, uses=2)]), at=at)
    units = refs(order_ref)
    assert give_back(shop, order_ref, units[:1], at).amount.minor == 400
    with pytest.raises(refund.NothingComesBack):
        give_back(shop, order_ref, units[1:2], at)
    assert give_back(shop, order_ref, units[1:4], at).amount.minor == 1000
    assert paid(order_ref)[4:] == [("sold", 500), ("sold", 500)]
    assert books.check(at=at, ask_providers=False).problems == ()


def test_gift_cards_get_back_what_they_can(shop: Scene, at: datetime) -> None:
    """12.00 of 24.00 came from a card. Of 4.00 that go back all are the card's; the provider's part stays with the rest."""
    card = giftcards.card(2000, holder=shop.shopper, at=at)
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at, stored=1200)
    first, *_rest = refs(order_ref)
    shown = refund.preview(order_ref=order_ref, unit_refs=[first], by=shop.shopper, at=at)
    assert (shown.to_cards.minor, shown.to_provider.minor) == (400, 0)
    give_back(shop, order_ref, [first], at)
    assert in_books(AccountKind.STORED_VALUE, card.ref) == 1200
    assert books.check(at=at, ask_providers=False).problems == ()
    give_back(shop, order_ref, None, at)
    assert in_books(AccountKind.STORED_VALUE, card.ref) == 2000
    assert in_books(AccountKind.CLEARING, "sandbox") == 0
    assert books.check(at=at, ask_providers=False).problems == ()


def test_cards_bear_of_the_kept_what_they_do_not_get_back(shop: Scene, at: datetime) -> None:
    """All of it came from two cards: the difference stays with the very same cards, and goes back to them later."""
    cards = [giftcards.card(minor, holder=shop.shopper, at=at) for minor in (1000, 1400)]
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at, stored=2400)
    first, *_rest = refs(order_ref)
    give_back(shop, order_ref, [first], at)
    assert sum(in_books(AccountKind.STORED_VALUE, card.ref) for card in cards) == 400
    assert books.check(at=at, ask_providers=False).problems == ()
    give_back(shop, order_ref, None, at)
    assert [in_books(AccountKind.STORED_VALUE, card.ref) for card in cards] == [1000, 1400]
    assert books.check(at=at, ask_providers=False).problems == ()


def test_what_the_platform_paid_whole_goes_back_beside_what_cards_bore(shop: Scene, at: datetime) -> None:
    """One of two things cost the shopper nothing. No provider is asked, so the platform has its part at once."""
    other = catalog.offer(store=shop.store, at=at, price=1000).public_id
    promotion = pricing.promotion(
        pricing.off(1000), Lane.PLATFORM_PROMOTION, ref="prm_free", funder=Funder.PLATFORM, offers=[other]
    )
    lines = [
        quoted.bulk(shop, quantity=1, steps={}),
        quoted.bulk(shop, quantity=1, steps={}, offer_ref=other),
    ]
    card = giftcards.card(1000, holder=shop.shopper, at=at)
    before = in_books(AccountKind.PROMOTION, PLATFORM)
    order_ref = quoted.bought(shop, quoted.quoted(lines, [promotion]), at=at, stored=1000)
    assert in_books(AccountKind.PROMOTION, PLATFORM) == before - 1000
    give_back(shop, order_ref, None, at)
    assert in_books(AccountKind.PROMOTION, PLATFORM) == before
    assert in_books(AccountKind.STORED_VALUE, card.ref) == 1000
    assert books.check(at=at, ask_providers=False).problems == ()


def test_only_the_amount_that_was_shown_goes_back(shop: Scene, at: datetime) -> None:
    """Two tabs: in the second one 4.00 were shown, and by now it is 10.00. Nothing happens there."""
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    first, second, _third = refs(order_ref)
    give_back(shop, order_ref, [first], at, expected=400)
    with pytest.raises(refund.RefundChanged) as raised:
        give_back(shop, order_ref, [second], at, expected=400)
    assert raised.value.details == {"amount": 1000, "unit": "EUR"}
    assert [unit.state for unit in orders.units_of(order_ref)].count(UnitState.SOLD) == 2


def test_the_shop_gives_back_what_was_paid(shop: Scene, at: datetime) -> None:
    """Out of goodwill: no terms, and what is kept stays at its price."""
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    first, *_rest = refs(order_ref)
    given = refund._request(order_ref, [first], "burnt", people.operator(), True, at)
    assert given.amount.minor == 800
    assert paid(order_ref)[1:] == [("sold", 800), ("sold", 800)]


def test_what_ends_unused_is_given_back_by_the_same_terms(shop: Scene, at: datetime) -> None:
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    used, *rest = refs(order_ref)
    shop.scan(code_of(shop, order_ref, used), at=at)
    given = refund._request(order_ref, rest, refund.EXPIRED, None, False, at)
    assert given.amount.minor == 1400


def test_a_preview_is_for_who_bought(shop: Scene, at: datetime) -> None:
    order_ref = quoted.bought(shop, quoted.quoted([quoted.bulk(shop)]), at=at)
    with pytest.raises(OrderUnknown):
        refund.preview(order_ref=order_ref, unit_refs=None, by=people.person(), at=at)
