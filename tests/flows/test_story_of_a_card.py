"""The story of a card for ten visits: a platform's coupon and points, two branches, a scan without a network, an undo,
another commission meanwhile, and the rest given back. Everybody has what is theirs, to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hutong.flows import books, jobs, offline_scans, redeem, refund
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.queries import lots
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import SoldUnit, UnitState
from hutong.pay.payments.types import RefundReport, ReportStatus
from hutong.pay.pricing import queries as pricing
from hutong.pay.pricing.types import AmountOff, CouponState
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import VoucherView
from hutong.visit.vouchers.types.offline import ScanFact, ScanOutcome
from tests.factories import catalog, merchants, points, promotions
from tests.factories.fees import rule
from tests.factories.loop import Scene
from tests.factories.vouchers import promise

pytestmark = pytest.mark.django_db


def accounts(unit: str) -> dict[str, int]:
    """What every account that is not at nothing holds in a currency or in points, by its kind."""
    found = {
        kind.value: sum(
            money.minor for owned in ledger.balances(kind).values() for money in owned if money.unit == unit
        )
        for kind in AccountKind
    }
    return {kind: minor for kind, minor in found.items() if minor}


def changed(before: Mapping[str, int], unit: str) -> dict[str, int]:
    """How the accounts moved since; all of it together is nothing, as in any books."""
    now = accounts(unit)
    moved = {kind: now.get(kind, 0) - before.get(kind, 0) for kind in {*now, *before}}
    assert sum(moved.values()) == 0
    return {kind: minor for kind, minor in moved.items() if minor}


def sums(units: list[SoldUnit]) -> dict[str, int]:
    """What some units come to, party by party."""
    return {
        "list": sum(unit.list.minor for unit in units),
        "sold for": sum(unit.gross.minor for unit in units),
        "paid": sum(unit.paid.minor for unit in units),
        "from the platform": sum(unit.discount_platform.minor for unit in units),
        "points": sum(unit.points.minor for unit in units if unit.points),
        "commission": sum(unit.commission.minor for unit in units),
    }


def test_a_card_of_ten(at: datetime) -> None:
    home = merchants.store(at=at)
    assert home.merchant is not None
    other = merchants.store(merchant=home.merchant, name="Branch", at=at)
    deal = catalog.offer(stores=[home, other], price=9990, list_price=12000, at=at)
    promise(deal.public_id, uses=10)
    shop = Scene(at=at, store=home, offer=deal, device=merchants.device(store=home))
    branch = replace(shop, store=other, device=merchants.device(store=other))
    shopper = shop.shopper

    # A visit before this story gave the shopper 1,990 points: one for each cent, worth a cent each.
    points.programme(points.rules(earn=1, paid=1, each=1, worth=1, step=1, share_ppm=150_000), at=at)
    earlier = Scene(
        at=at,
        store=home,
        offer=catalog.offer(store=home, at=at),
        device=shop.device,
        shopper=shopper,
    )
    earlier.scan(earlier.bought()[0].code)
    jobs.drain()
    assert lots.spendable(shopper.public_id, points.UNIT, at) == Money(1990, points.UNIT)
    coupon = promotions.coupon(shopper, AmountOff(Money(1503, "EUR")), at=at)
    euros_before, points_before = accounts("EUR"), accounts(points.UNIT)

    # Bought: 99.90 less 15.03 of the coupon, less 15 % of 99.90 in points, rounded down to a whole point.
    placed = shop.order(use_points=True)
    assert placed.total == Money(9990 - 1503 - 1498, "EUR")
    assert shop.money_arrives(placed) == "paid"
    (card,) = vouchers.vouchers_of_order(placed.order_ref, at=at)
    units = list(orders.units_of(placed.order_ref))
    assert sums(units) == {
        "list": 12000, "sold for": 9990, "paid": 6989, "from the platform": 3001, "points": 1498, "commission": 999,
    }  # fmt: skip
    assert changed(euros_before, "EUR") == {"clearing": -6989, "promotion": -3001, "unredeemed": 9990}
    assert changed(points_before, points.UNIT) == {"points": -1498, "points_spent": 1498}

    # The commission doubles; what was sold keeps its tenth.
    rule(at=at, merchant=home.merchant.public_id, rate_ppm=200_000)

    # One use at home, one in the branch, one at home without a network that is told two hours later; the first is undone.
    first = shop.scan(card.code)
    branch.scan(card.code)
    told = told_later(shop, card, at)
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    redeem.undo(redemption_ref=first.redemption_ref, actor=actor, at=at + timedelta(minutes=10))
    later = at + timedelta(hours=3)
    jobs.drain()
    units = list(orders.units_of(placed.order_ref))
    used = [unit for unit in units if unit.state is UnitState.USED]
    assert (told, len(used)) == (ScanOutcome.REDEEMED, 2)
    kept = sums(used)
    assert kept["commission"] == 200, "a tenth of 9.99, rounded once for all ten"
    assert changed(euros_before, "EUR") == {
        "clearing": -6989,
        "promotion": -3001,
        "unredeemed": 9990 - kept["sold for"],
        "payable": kept["sold for"] - kept["commission"],
        "commission": kept["commission"],
    }

    # The rest is given back: to the card it was paid with, to the platform, and to the lot of the points.
    unused = [unit for unit in units if unit.state is UnitState.SOLD]
    back = sums(unused)
    asked = refund.refund(
        order_ref=placed.order_ref, unit_refs=None, reason="", by=shopper, as_operator=False, at=later
    )
    assert asked.amount == Money(back["paid"], "EUR")
    report = RefundReport(asked.ref, ReportStatus.DONE, f"prv_{asked.ref}")
    assert refund.finish(report=report, at=later) == "recorded"
    jobs.drain()
    assert back["paid"] + kept["paid"] == 6989
    assert back["from the platform"] + kept["from the platform"] == 3001
    assert back["points"] + kept["points"] == 1498
    assert changed(euros_before, "EUR") == {
        "clearing": -kept["paid"],
        "promotion": -kept["from the platform"],
        "payable": kept["sold for"] - kept["commission"],
        "commission": kept["commission"],
    }
    # Two uses earned a point for each cent that was paid for them; the coupon counts as used, for a part was kept.
    earned = kept["paid"]
    assert changed(points_before, points.UNIT) == {
        "points": earned - kept["points"], "points_spent": kept["points"], "points_issued": -earned,
    }  # fmt: skip
    had = lots.spendable(shopper.public_id, points.UNIT, later)
    assert had == Money(1990 - kept["points"] + earned, points.UNIT)
    (held,) = pricing.coupons_of(shopper.pk)
    assert (held.ref, held.state) == (coupon, CouponState.USED)
    assert books.check(at=later, ask_providers=False).problems == ()


def told_later(shop: Scene, card: VoucherView, at: datetime) -> ScanOutcome:
    """The shop's device scanned the card without a network half an hour after it was bought."""
    told_at = at + timedelta(hours=2)
    fact = ScanFact(
        nonce="scanned-without-a-network", qr=card.qr_text, scanned_at=at + timedelta(minutes=30), uses=1
    )
    actor = redeem.actor_for(device_ref=shop.device.public_id)
    (told,) = offline_scans.upload(
        facts=[fact], device_now=told_at, actor=actor, address="127.0.0.1", at=told_at
    ).scans
    return told.outcome
