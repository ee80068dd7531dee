"""What cancelling a part of an order gives back: what was paid, or less where terms that were shown say so."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import CancellationInvalid, binds, cancel, from_json, price_cart, to_json
from hutong.pay.pricing.types import (
    BuyGet,
    Gift,
    Lane,
    Promotion,
    Quote,
    Raise,
    RaiseReason,
    SpecialPrice,
)
from tests.factories.pricing import context, coupon, euros, line, off, percent, promotion

FROM_3 = SpecialPrice(euros(800), from_quantity=3)


def three(*, binding: bool = True, uses: int = 1, promotions: Iterable[Promotion] = ()) -> Quote:
    """Three at 8.00, since they are three; one would be 10.00. As an order keeps it."""
    lines = [line(price=1000, quantity=3, uses=uses, special=[FROM_3], binding_steps=binding)]
    quote = price_cart(lines, context=context(), promotions=promotions)
    return from_json(json.loads(json.dumps(to_json(quote))))


def test_without_terms_each_unit_gives_back_what_was_paid_for_it() -> None:
    found = cancel(three(binding=False), [(0, 1)])
    assert (found.refund, found.without_terms, found.less) == (euros(800), euros(800), euros(0))
    assert found.raises == ()
    assert found.prices == {(0, 0): euros(800), (0, 2): euros(800)}


def test_two_are_no_three() -> None:
    """24.00 were paid. Two cost 20.00, so 4.00 come back and not 8.00, and the page says so before."""
    found = cancel(three(), [(0, 1)])
    assert (found.refund, found.without_terms, found.less) == (euros(400), euros(800), euros(400))
    assert found.raises == (Raise(RaiseReason.STEP_LOST, euros(400), line=0),)
    assert found.prices == {(0, 0): euros(1000), (0, 2): euros(1000)}


def test_one_after_the_other_comes_to_the_same_as_all_at_once() -> None:
    """4.00, then 10.00 for one that cost 10.00 by then, then the last 10.00: 24.00."""
    quote = three()
    first = cancel(quote, [(0, 1)])
    second = cancel(quote, [(0, 0)], gone=[(0, 1)], given_back=first.refund)
    third = cancel(quote, [(0, 2)], gone=[(0, 0), (0, 1)], given_back=first.refund + second.refund)
    assert [found.refund.minor for found in (first, second, third)] == [400, 1000, 1000]
    assert cancel(quote, [(0, 0), (0, 1)]).refund == first.refund + second.refund
    assert cancel(quote, [(0, 0), (0, 1), (0, 2)]).refund == quote.total


def test_a_step_that_is_still_earned_holds() -> None:
    lines = [line(price=1000, quantity=4, special=[FROM_3], binding_steps=True)]
    found = cancel(price_cart(lines), [(0, 3)])
    assert (found.refund, found.less) == (euros(800), euros(0))


def test_the_next_lower_step_counts() -> None:
    """Five at 7.00; four are at 8.00: 35.00 less 32.00."""
    lines = [line(price=1000, quantity=5, special=[FROM_3, SpecialPrice(euros(700), 5)], binding_steps=True)]
    assert cancel(price_cart(lines), [(0, 0)]).refund == euros(300)


def test_a_piece_is_kept_while_one_of_its_uses_is() -> None:
    """Three cards of two uses at 8.00, so 4.00 a use. One use of each given back: three pieces are kept."""
    quote = three(uses=2)
    assert cancel(quote, [(0, 0), (0, 2), (0, 4)]).refund == euros(1200)
    # A whole card: the other two cost 10.00 each.
    assert cancel(quote, [(0, 0), (0, 1)]).refund == euros(400)


def test_nobody_is_asked_for_money() -> None:
    """Three at 2.00, one would be 10.00. Two cost 20.00, but 6.00 were paid: nothing comes back, and 6.00 it stays."""
    lines = [line(price=1000, quantity=3, special=[SpecialPrice(euros(200), 3)], binding_steps=True)]
    quote = price_cart(lines)
    found = cancel(quote, [(0, 0)])
    assert (found.refund, found.less) == (euros(0), euros(200))
    assert found.prices == {(0, 1): euros(300), (0, 2): euros(300)}
    last = cancel(quote, [(0, 1), (0, 2)], gone=[(0, 0)], given_back=found.refund)
    assert last.refund == euros(600)


def test_a_minimum_that_binds_has_to_be_met_by_what_is_kept() -> None:
    """5.00 off from 30.00 on 20.00 + 15.00: 17.14 and 12.86. The soup alone is not 30.00, so it costs 20.00 again: of
    30.00 paid 10.00 come back, 2.86 less."""
    lines = [line("off_soup", 2000), line("off_cake", 1500)]
    quote = price_cart(
        lines, context=context(), coupons=[coupon(off(500), ref="cpn_a", minimum=3000, binding=True)]
    )
    found = cancel(quote, [(1, 0)])
    assert (found.refund, found.less) == (euros(1000), euros(286))
    assert found.raises == (Raise(RaiseReason.MINIMUM_LOST, euros(286), ref="cpn_a"),)
    free = price_cart(lines, context=context(), coupons=[coupon(off(500), minimum=3000)])
    assert cancel(free, [(1, 0)]).refund == euros(1286)


def test_a_minimum_is_measured_on_what_the_kept_ones_cost_now() -> None:
    """Three at 8.00 with 10 % off from 20.00. Two cost 10.00 each again, which is 20.00: the promotion stays."""
    ten = promotion(percent(10), minimum=2000, binding=True)
    found = cancel(three(promotions=[ten]), [(0, 0)])
    assert [each.reason for each in found.raises] == [RaiseReason.STEP_LOST]
    # 21.60 were paid; the two kept cost 10.00 less 0.80 each.
    assert found.refund == euros(2160 - 2 * 920)


def test_a_gift_that_is_kept_alone_is_no_gift() -> None:
    lines = [line("off_cake", 400), line("off_soup", 1500)]
    quote = price_cart(
        lines, context=context(), promotions=[promotion(Gift("off_cake"), minimum=1000, binding=True)]
    )
    assert quote.total == euros(1500)
    assert cancel(quote, [(1, 0)]).refund == euros(1100)
    assert cancel(quote, [(0, 0)]).refund == euros(0)


def test_a_gift_that_binds_needs_something_beside_it_also_without_a_minimum() -> None:
    lines = [line("off_cake", 400), line("off_soup", 1500)]
    binding = price_cart(lines, context=context(), promotions=[promotion(Gift("off_cake"), binding=True)])
    found = cancel(binding, [(1, 0)])
    assert (found.refund, found.raises[0].reason) == (euros(1100), RaiseReason.PIECES_LOST)
    free = price_cart(lines, context=context(), promotions=[promotion(Gift("off_cake"))])
    assert cancel(free, [(1, 0)]).refund == euros(1500)


def test_buy_two_get_one_needs_three() -> None:
    """Three for 20.00: 6.66, 6.67, 6.67. One given back: the other two cost 20.00 again, and nothing comes back."""
    quote = price_cart(
        [line(price=1000, quantity=3)],
        context=context(),
        promotions=[promotion(BuyGet(2, 1), ref="prm_a", binding=True)],
    )
    assert [unit.paid.minor for unit in quote.lines[0].units] == [666, 667, 667]
    found = cancel(quote, [(0, 0)])
    assert (found.refund, found.less) == (euros(0), euros(666))
    assert found.raises == (Raise(RaiseReason.PIECES_LOST, euros(666), ref="prm_a"),)


def test_only_the_discount_whose_condition_is_lost_is_taken_back() -> None:
    quote = price_cart(
        [line("off_soup", 2000), line("off_cake", 1000)],
        context=context(),
        promotions=[promotion(off(300), ref="prm_a")],
        coupons=[coupon(off(270), Lane.PLATFORM_COUPON, minimum=2500, binding=True)],
    )
    # 3.00 are 2.00 and 1.00; 2.70 of 18.00 and 9.00 are 1.80 and 0.90. The soup then costs 18.00.
    found = cancel(quote, [(1, 0)])
    assert (found.refund, found.prices) == (euros(2430 - 1800), {(0, 0): euros(1800)})


@pytest.mark.parametrize(
    ("units", "gone", "given_back"),
    [
        ([], [], None),
        ([(0, 3)], [], None),
        ([(1, 0)], [], None),
        ([(0, 0), (0, 0)], [], None),
        ([(0, 0)], [(0, 0)], None),
        ([(0, 0)], [(0, 1)], euros(2401)),
        ([(0, 0)], [(0, 1)], euros(-1)),
        ([(0, 0)], [(0, 1)], Money(1, "SEK")),
    ],
    ids=["none", "no such unit", "no such line", "twice", "gone", "more than paid", "negative", "currency"],
)
def test_what_cannot_be_cancelled_is_refused(
    units: list[tuple[int, int]], gone: list[tuple[int, int]], given_back: Money | None
) -> None:
    with pytest.raises(CancellationInvalid):
        cancel(three(), units, gone=gone, given_back=given_back)


def test_what_the_platform_pays_less_of_what_is_kept_is_named() -> None:
    """A third of 3.00 of the platform and a step of the shop are lost for the one that is kept: 2.00 and 1.00."""
    town = promotion(off(300), Lane.PLATFORM_PROMOTION, minimum=2000, binding=True)
    quote = three(promotions=[town])
    found = cancel(quote, [(0, 0), (0, 1)])
    assert found.prices == {(0, 2): euros(1000)}
    assert found.by_platform == {(0, 2): euros(100)}
    assert binds(quote)


def test_a_raise_that_is_not_asked_whole_is_shared_between_shop_and_platform() -> None:
    """Of 9.00 the platform paid 3.00. Two would cost 1.00 more by the step and 1.00 by the minimum, 8.00 in all: there
    are 6.00, so each costs half of that more, and half of the half is the platform's."""
    town = promotion(off(300), Lane.PLATFORM_PROMOTION, minimum=900, binding=True)
    lines = [line(price=400, quantity=3, special=[SpecialPrice(euros(300), 3)], binding_steps=True)]
    found = cancel(price_cart(lines, context=context(), promotions=[town]), [(0, 0)])
    assert found.refund == euros(0)
    assert found.prices == {(0, 1): euros(300), (0, 2): euros(300)}
    assert found.by_platform == {(0, 1): euros(50), (0, 2): euros(50)}


def test_without_terms_nothing_binds() -> None:
    assert not binds(three(binding=False))
    assert binds(three())
