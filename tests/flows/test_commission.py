"""The rule that counts is applied at checkout, frozen with the unit, and can be tried before it is made."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.flows import cart, commission
from hutong.kernel.money import Money
from hutong.pay.fees import services as fees
from hutong.pay.fees.types import Bearer, Scope
from hutong.pay.ledger.queries import balance
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders.models import Unit
from hutong.pay.orders.queries import units_of
from hutong.pay.orders.types import SoldUnit
from hutong.town.merchants.models import MerchantDecision
from hutong.visit.vouchers.queries import vouchers_of_order
from tests.factories import catalog, merchants, people, regions
from tests.factories.fees import draft, rule
from tests.factories.loop import Scene, scene

pytestmark = pytest.mark.django_db


def sold(shop: Scene, *, quantity: int = 1, at: datetime | None = None) -> tuple[SoldUnit, ...]:
    placed = shop.order(quantity=quantity, at=at)
    assert shop.money_arrives(placed, at=at) == "paid"
    return units_of(placed.order_ref)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def test_without_a_rule_the_sites_rate_holds(at: datetime) -> None:
    (unit,) = sold(scene(at=at))
    assert (unit.commission, unit.commission_rate_ppm, unit.commission_reason) == (
        euros(199),
        100_000,
        "default",
    )


def test_the_closest_rule_is_frozen_with_the_unit_and_settled(at: datetime) -> None:
    shop = scene(at=at, capacity=9)
    merchant_ref = shop.merchant.public_id
    rule(at=at, region=shop.store.region.public_id, rate_ppm=100_000, tax_ppm=255_000)
    of_shop = rule(
        at=at,
        merchant=merchant_ref,
        rate_ppm=80_000,
        fixed=20,
        unit="EUR",
        bearer=Bearer.MERCHANT,
        provider_rate_ppm=14_000,
        provider_fixed=25,
    )
    placed = shop.order(quantity=2)
    fees.end_rule(rule_ref=of_shop.ref, by=people.operator(), at=at)
    rule(at=at, merchant=merchant_ref, rate_ppm=500_000)
    shop.money_arrives(placed)
    units = units_of(placed.order_ref)

    # 8 % of 39.80 is 3.18, and 0.20 for each: 3.58; 25.5 % of that 0.91; 1.4 % of 39.80 and 0.25: 0.81.
    assert [
        (unit.commission.minor, unit.commission_tax.minor, unit.provider_fee.minor) for unit in units
    ] == [(179, 46, 40), (179, 45, 41)]
    assert {unit.commission_reason for unit in units} == {f"rule {of_shop.ref} merchant"}
    shop.scan(vouchers_of_order(placed.order_ref, at=at)[0].code)
    kinds = (AccountKind.COMMISSION, AccountKind.COMMISSION_TAX, AccountKind.PROVIDER_FEES)
    assert [balance(kind, PLATFORM, "EUR").minor for kind in kinds] == [179, 46, 40]
    assert balance(AccountKind.PAYABLE, merchant_ref, "EUR") == euros(1990 - 179 - 46 - 40)


def test_rules_of_other_regions_categories_times_and_deals_do_not_hold(at: datetime) -> None:
    shop, other = scene(at=at), catalog.offer(at=at)
    merchants.category("hotel", group="stay")
    rule(at=at, region=regions.region().public_id, rate_ppm=1)
    rule(at=at, category="hotel", rate_ppm=2)
    rule(at=at, starts_at=at + timedelta(days=1), rate_ppm=3)
    rule(at=at, merchant=other.merchant.public_id, rate_ppm=4)
    rule(at=at, offer=other.public_id, rate_ppm=5)
    past = at - timedelta(days=2)
    rule(at=past, starts_at=past, ends_at=at, rate_ppm=6)
    assert sold(shop)[0].commission_reason == "default"
    of_group = rule(at=at, category="food", rate_ppm=70_000)
    assert sold(shop)[0].commission_reason == f"rule {of_group.ref} category"
    of_deal = rule(at=at, offer=shop.offer.public_id, rate_ppm=60_000)
    assert sold(shop)[0].commission_reason == f"rule {of_deal.ref} offer"
    assert sold(shop, at=at + timedelta(days=1))[0].commission_rate_ppm == 60_000


def test_the_first_months_of_a_merchant_are_free(at: datetime) -> None:
    """Counted from its first approval, in days of its region: 22:30 UTC is the next day in Helsinki."""
    shop = scene(at=at)
    MerchantDecision.objects.filter(merchant=shop.merchant).update(
        at=datetime.fromisoformat("2026-04-14T22:30Z")
    )
    made = rule(at=at, rate_ppm=100_000, free_months=2)
    (free,) = sold(shop, at=datetime.fromisoformat("2026-06-14T20:59Z"))
    assert (free.commission, free.commission_reason) == (
        euros(0),
        f"free until 2026-06-15 rule {made.ref} everything",
    )
    (paid,) = sold(shop, at=datetime.fromisoformat("2026-06-14T21:00Z"))
    assert (paid.commission, paid.commission_reason) == (euros(199), f"rule {made.ref} everything")


def test_a_new_rule_is_no_change_of_price(at: datetime) -> None:
    shop = scene(at=at)
    wants = {shop.offer.public_id: 1}
    shown = cart.price(wants=wants, at=at).quote
    rule(at=at, rate_ppm=300_000)
    now = cart.price(wants=wants, at=at).quote
    assert (now.hash, now.total) == (shown.hash, shown.total)
    assert (shown.commission_total, now.commission_total) == (euros(199), euros(597))


def test_rules_cost_one_statement_however_many_there_are(at: datetime) -> None:
    shop = scene(at=at)
    wants = {shop.offer.public_id: 1}
    rule(at=at, rate_ppm=1)
    rule(at=at, category="food", rate_ppm=2)
    rule(at=at, merchant=shop.merchant.public_id, rate_ppm=3)
    with CaptureQueriesContext(connection) as statements:
        cart.price(wants=wants, at=at)
    assert len(statements) == 5


LAST_MONTH = timedelta(days=20)


def test_a_rule_is_tried_on_what_was_sold_last_month(at: datetime) -> None:
    shop, other = scene(at=at - LAST_MONTH, capacity=9), scene(at=at - LAST_MONTH, price=1000)
    sold(shop, quantity=3)
    sold(shop)
    sold(other)
    sold(shop, at=at)
    with CaptureQueriesContext(connection) as statements:
        trial = commission.try_rule(
            draft=draft(starts_at=at, rate_ppm=50_000, fixed=10, unit="EUR", tax_ppm=240_000), at=at
        )
    assert trial.month.isoformat() == "2026-05-01"
    # 5 % of 59.70 is 2.99, and 0.30: 3.29 with 0.79 of tax; 5 % of 19.90 is 1.00, and 0.10: 1.10 with 0.26.
    first, second = trial.merchants
    assert (first.merchant_ref, first.units, first.sold) == (shop.merchant.public_id, 4, euros(7960))
    assert (first.kept, first.would_keep, first.more) == (euros(597 + 199), euros(408 + 136), euros(-252))
    assert (second.kept, second.would_keep) == (euros(100), euros(60 + 14))
    (total,) = trial.totals
    assert (total.units, total.kept, total.would_keep) == (5, euros(896), euros(618))
    assert first.names == shop.merchant.names
    assert len(statements) <= 9, [query["sql"] for query in statements]


def test_what_was_charged_is_what_the_same_rule_would_charge(at: datetime) -> None:
    """The trial and the sale are one calculation, whatever the rule and however many uses are split."""
    before = at - LAST_MONTH
    shop = scene(at=before, capacity=50, price=333)
    terms: dict[str, Any] = {
        "rate_ppm": 77_777,
        "fixed": 3,
        "minimum": 11,
        "unit": "EUR",
        "tax_ppm": 255_000,
        "bearer": Bearer.MERCHANT,
        "provider_rate_ppm": 14_300,
        "provider_fixed": 25,
    }
    made = rule(at=before, **terms)
    for quantity in (1, 2, 3, 3, 7):
        sold(shop, quantity=quantity)
    Unit.objects.filter(pk=Unit.objects.order_by("pk")[0].pk).update(state="refunded", refunded_at=at)
    trial = commission.try_rule(draft=draft(starts_at=at, **terms), at=at, replaces_ref=made.ref)
    (tried,) = trial.merchants
    assert (tried.units, tried.more) == (16, euros(0))
    assert tried.kept > euros(0)
    Unit.objects.update(state="sold", refunded_at=None)


def test_a_trial_leaves_out_what_another_rule_is_closer_to(at: datetime) -> None:
    before = at - LAST_MONTH
    shop, other = scene(at=before), scene(at=before)
    sold(shop)
    sold(other)
    own = rule(at=before, merchant=shop.merchant.public_id, rate_ppm=30_000)
    trial = commission.try_rule(draft=draft(starts_at=at, rate_ppm=90_000), at=at)
    assert [each.merchant_ref for each in trial.merchants] == [other.merchant.public_id]
    changed = draft(starts_at=at, merchant=shop.merchant.public_id, rate_ppm=40_000)
    trial = commission.try_rule(draft=changed, at=at, replaces_ref=own.ref)
    assert [(each.merchant_ref, each.would_keep) for each in trial.merchants] == [
        (shop.merchant.public_id, euros(80))
    ]
    nowhere = commission.try_rule(
        draft=draft(starts_at=at, region=regions.region().public_id, rate_ppm=90_000), at=at
    )
    assert nowhere.merchants == nowhere.totals == ()


def test_which_rules_hold_for_a_merchant(at: datetime) -> None:
    shop = scene(at=at)
    second = catalog.offer(store=shop.store, at=at)
    own = rule(at=at, merchant=shop.merchant.public_id, rate_ppm=30_000)
    special = rule(at=at, offer=second.public_id, rate_ppm=10_000)
    found = commission.of_offers([shop.offer.public_id, second.public_id], at=at)
    assert {deals.rule.ref: deals.offer_refs for deals in found} == {
        own.ref: (shop.offer.public_id,),
        special.ref: (second.public_id,),
    }
    new = commission.of_deal(shop.merchant.public_id, shop.store.public_id, "", "EUR", at=at)
    assert new is not None
    assert (new[0].ref, new[0].reach.scope) == (own.ref, Scope.MERCHANT)
    kept = commission.of_deal(shop.merchant.public_id, "", second.public_id, "", at=at)
    assert kept is not None
    assert kept[0].ref == special.ref
    without_shops = merchants.merchant()
    bare = commission.of_deal(without_shops.public_id, "", "", "EUR", at=at)
    assert bare is not None
    assert (bare[0].ref, bare[1].categories) == ("", ())
    assert commission.of_deal("mer_none", "", "", "EUR", at=at) is None
