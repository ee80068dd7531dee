"""Whatever is used and given back in whatever order, with whatever terms: the books hold, and every cent is somewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hutong.flows import books, refund
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import SoldUnit, UnitState
from hutong.pay.payments.types import RefundReport, ReportStatus
from hutong.pay.pricing.types import Funder, Lane, Promotion, Quote
from hutong.visit.vouchers import queries as vouchers
from tests.factories import catalog, giftcards, pricing, quoted
from tests.factories import vouchers as vouchers_made
from tests.factories.loop import Scene, scene

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)


@st.composite
def promotions(draw: st.DrawFn) -> list[Promotion]:
    """At most one of the shop and one of the platform, each binding."""
    found = []
    for lane, funder in (
        (Lane.SHOP_PROMOTION, Funder.MERCHANT),
        (Lane.PLATFORM_PROMOTION, Funder.PLATFORM),
    ):
        if draw(st.booleans()):
            off = draw(
                st.one_of(st.integers(1, 900).map(pricing.off), st.integers(1, 60).map(pricing.percent))
            )
            found.append(
                pricing.promotion(
                    off,
                    lane,
                    ref=f"prm_{lane.value}",
                    funder=funder,
                    minimum=draw(st.integers(1, 6000)),
                    binding=True,
                )
            )
    return found


def _order(data: st.DataObject, shop: Scene) -> Quote:
    """One or two lines with prices by quantity, some of them cards."""
    lines = []
    for number in range(data.draw(st.integers(1, 2), label="lines")):
        offer_ref = shop.offer.public_id
        if number:
            offer_ref = catalog.offer(store=shop.store, at=NOON).public_id
        uses = data.draw(st.integers(1, 2), label="uses")
        vouchers_made.promise(offer_ref, uses=uses)
        price = data.draw(st.integers(2, 1500), label="price")
        steps = data.draw(
            st.dictionaries(st.integers(2, 4), st.integers(1, price - 1), max_size=2), label="steps"
        )
        lines.append(
            quoted.bulk(
                shop,
                quantity=data.draw(st.integers(1, 4), label="quantity"),
                steps=steps,
                price=price,
                list_price=price + data.draw(st.integers(0, 500), label="list"),
                uses=uses,
                offer_ref=offer_ref,
            )
        )
    promotion = data.draw(promotions(), label="promotions")
    return quoted.quoted(lines, [_for(shop, each) for each in promotion])


def _for(shop: Scene, promotion: Promotion) -> Promotion:
    if promotion.funder is Funder.PLATFORM:
        return promotion
    return replace(promotion, reach=replace(promotion.reach, merchant_ref=shop.merchant.public_id))


def _use(shop: Scene, order_ref: str) -> None:
    """One use of the first voucher that has one."""
    ready = [
        voucher
        for voucher in vouchers.vouchers_of_order(order_ref, at=NOON)
        if voucher.state.value == "ready"
    ]
    if ready:
        shop.scan(ready[0].code, at=NOON)


def _give_back(shop: Scene, order_ref: str, refs: list[str]) -> None:
    """What was told comes back, or nothing changes where that is nothing."""
    told = refund.preview(order_ref=order_ref, unit_refs=refs, by=shop.shopper, at=NOON)
    assert 0 <= told.amount.minor <= told.without_terms.minor
    if not told.amount:
        with pytest.raises((refund.NothingComesBack, refund.NothingToRefund)):
            refund._request(order_ref, refs, "", shop.shopper, False, NOON)
        return
    asked = refund._request(order_ref, refs, "", shop.shopper, False, NOON, expected=told.amount)
    if asked.ref.startswith("rfd_"):
        assert asked.amount == told.to_provider
        refund.finish(report=RefundReport(asked.ref, ReportStatus.DONE, asked.ref), at=NOON)
    else:
        assert asked.amount == told.to_cards == told.amount


def _all_is_right(shop: Scene, order_ref: str, quote: Quote, given: int) -> tuple[SoldUnit, ...]:
    units = orders.units_of(order_ref)
    found = orders.order_facts(order_ref)
    assert found is not None
    for name, total in (
        ("paid", quote.total.minor),
        ("paid_stored", found.stored.minor),
        ("list", quote.list_total.minor),
        ("commission", quote.commission_total.minor),
    ):
        assert sum(getattr(unit, name).minor for unit in units) == total, name
    back = sum(unit.paid.minor for unit in units if unit.state is UnitState.REFUNDED)
    assert found.refunded.minor == back
    worth = sum(unit.gross.minor for unit in units if unit.state is UnitState.SOLD)
    assert balance(AccountKind.UNREDEEMED, shop.merchant.public_id, "EUR").minor == worth
    earned = sum(unit.net.minor for unit in units if unit.state is UnitState.USED)
    assert balance(AccountKind.PAYABLE, shop.merchant.public_id, "EUR").minor == earned
    added = sum(unit.discount_platform.minor for unit in units if unit.state is not UnitState.REFUNDED)
    # The platform gave the cards, too.
    assert balance(AccountKind.PROMOTION, PLATFORM, "EUR").minor == -added - given
    assert books.check(at=NOON, ask_providers=False).problems == ()
    return units


@pytest.mark.django_db
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_sequence_leaves_every_cent_somewhere(data: st.DataObject) -> None:
    with transaction.atomic():
        shop = scene(at=NOON, price=1000)
        quote = _order(data, shop)
        total = quote.total.minor
        if not total:
            transaction.set_rollback(True)
            return
        stored = data.draw(st.one_of(st.just(0), st.integers(1, total)), label="from cards")
        faces = [face for face in (stored // 2, stored - stored // 2) if face]
        cards = [giftcards.card(face, holder=shop.shopper, at=NOON) for face in faces]
        order_ref = quoted.bought(shop, quote, at=NOON, stored=stored)
        for _step in range(data.draw(st.integers(1, 5), label="steps taken")):
            units = _all_is_right(shop, order_ref, quote, stored)
            left = [unit.unit_ref for unit in units if unit.state is UnitState.SOLD]
            if not left:
                break
            if data.draw(st.integers(0, 3), label="use") == 0:
                _use(shop, order_ref)
            else:
                chosen = data.draw(st.sets(st.sampled_from(left), min_size=1), label="given back")
                _give_back(shop, order_ref, [ref for ref in left if ref in chosen])
        units = _all_is_right(shop, order_ref, quote, stored)
        left = [unit.unit_ref for unit in units if unit.state is UnitState.SOLD]
        used = [unit for unit in units if unit.state is UnitState.USED]
        if left:
            _give_back(shop, order_ref, left)
            units = _all_is_right(shop, order_ref, quote, stored)
        if not used:
            # Nothing was enjoyed: everything is back where it came from.
            assert sum(unit.paid.minor for unit in units if unit.state is UnitState.REFUNDED) == total
            on_cards = [balance(AccountKind.STORED_VALUE, card.ref, "EUR").minor for card in cards]
            assert on_cards == faces
            assert balance(AccountKind.CLEARING, "sandbox", "EUR").minor == 0
            assert balance(AccountKind.PROMOTION, PLATFORM, "EUR").minor == -stored
        transaction.set_rollback(True)
