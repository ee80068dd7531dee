"""The demo city: sample merchants, staff and offers on a real map, made once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from django.db import connection

from hutong.flows.demo_city import CityMissing, seed_demo
from hutong.flows.demo_city.samples import samples_by_category
from hutong.flows.demo_city.yuan import seed_yuan
from hutong.flows.import_osm import import_osm
from hutong.flows.import_osm.categories import category_specs
from hutong.kernel.rows import rows, scalar
from hutong.pay.flashsales.queries import sales_of
from hutong.pay.flashsales.types import Phase
from hutong.town.catalog import rules as catalog_rules
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Device, Merchant, Store
from hutong.town.merchants.queries import (
    has_right,
    may_redeem,
    pending_merchants,
    staff_roles,
    stores_of,
)
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person
from hutong.visit.stock.queries import stock_of

HELSINKI = Path(__file__).parents[2] / "data" / "helsinki-centre.osm.pbf"
AT = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def city(settings: Any, tmp_path: Path) -> None:
    settings.HUTONG_BASEMAPS = tmp_path
    names = {"en": "Helsinki", "zh-Hans": "赫尔辛基"}
    import_osm(HELSINKI, "helsinki", names=names, zone="Europe/Helsinki", currency="EUR", at=AT)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table but the outbox."""
    tables = sorted(set(connection.introspection.table_names()) - {"kernel_outboxrow"})
    return {table: rows(f'SELECT * FROM "{table}" ORDER BY 1') for table in tables}


@pytest.mark.django_db
def test_without_a_city_there_is_nothing_to_seed() -> None:
    with pytest.raises(CityMissing):
        seed_demo(at=AT)
    assert Person.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_a_few_dozen_shops_open_and_some_things_wait_for_the_operator() -> None:
    told: list[tuple[str, int, int | None]] = []
    seed_demo(at=AT, progress=lambda stage, done, total: told.append((stage, done, total)))

    assert Merchant.objects.filter(state="approved", sample=True).count() >= 36
    assert Merchant.objects.exclude(sample=True).count() == 0
    assert len(pending_merchants()) == 3
    live = Offer.objects.filter(state="live")
    assert live.count() >= 50
    assert not Offer.objects.filter(sample=False).exists()
    assert not live.exclude(merchant__state="approved").exists()
    waiting = Offer.objects.filter(state="submitted", merchant__state="approved")
    assert 3 <= waiting.count() <= 8
    assert told[-1][1] == told[-1][2] == Merchant.objects.count()
    chain = max((merchant.stores.count() for merchant in Merchant.objects.all()), default=0)
    assert chain == 3
    assert Store.objects.filter(merchant=None).count() > 900
    limited = stock_of(live.values_list("public_id", flat=True))
    (flash,) = sales_of(live.values_list("public_id", flat=True)).values()
    assert flash.phase(AT) is Phase.GATHERING
    assert limited[flash.offer_ref].left
    assert live.get(public_id=flash.offer_ref).per_person_limit


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_the_second_time_changes_nothing() -> None:
    first = seed_demo(at=AT)
    before, jobs = everything(), scalar("SELECT count(*) FROM kernel_outboxrow")
    assert seed_demo(at=AT + timedelta(days=30)) == first
    assert everything() == before
    assert scalar("SELECT count(*) FROM kernel_outboxrow") == jobs


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_the_accounts_may_do_what_they_are_there_for() -> None:
    shopper, owner, cashier, operator = seed_demo(at=AT)
    people = {
        account: Person.objects.get(phone=account.phone) for account in (shopper, owner, cashier, operator)
    }
    for account in people:
        assert phonenumbers.is_valid_number(phonenumbers.parse(account.phone))
        assert account.opens.startswith("/")
    assert people[operator].is_operator
    assert not any(people[account].is_operator for account in (shopper, owner, cashier))
    assert staff_roles(people[shopper]) == []

    (owned,) = stores_of(people[owner])
    (worked,) = stores_of(people[cashier])
    assert owned == worked
    assert owned.opening_hours
    assert owned.merchant_ref
    assert has_right(people[owner], Right.EDIT_DEALS, owned.merchant_ref)
    assert not has_right(people[cashier], Right.EDIT_DEALS, owned.merchant_ref)
    store = Store.objects.get(public_id=owned.ref)
    assert may_redeem(people[owner], store)
    assert may_redeem(people[cashier], store)
    assert may_redeem(Device.objects.get(store=store), store)
    assert not may_redeem(people[shopper], store)
    assert Offer.objects.filter(merchant__public_id=owned.merchant_ref, state="live").count() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_importing_the_city_again_leaves_the_sample_shops_alone(settings: Any) -> None:
    seed_demo(at=AT)
    before = list(Store.objects.exclude(merchant=None).order_by("pk").values())
    names = {"en": "Helsinki"}
    later = AT + timedelta(days=1)
    report = import_osm(HELSINKI, "helsinki", names=names, zone="Europe/Helsinki", currency="EUR", at=later)
    assert (report.new, report.updated, report.closed) == (0, 0, 0)
    assert list(Store.objects.exclude(merchant=None).order_by("pk").values()) == before


def test_every_sample_is_an_offer_that_a_merchant_could_make() -> None:
    slugs = {spec.slug for spec in category_specs() if spec.parent_slug}
    for slug, samples in samples_by_category().items():
        assert slug in slugs
        for sample in samples:
            for variant in range(4):
                draft = sample.draft(currency="EUR", variant=variant, starts_at=AT)
                assert catalog_rules.faults(draft) == []
                values = sum(
                    include.value.minor * include.quantity for include in draft.includes if include.value
                )
                assert values == draft.list_price.minor
                assert 0.4 < draft.price.minor / draft.list_price.minor < 0.9
            for texts in (
                sample.titles,
                sample.descriptions,
                *(names for names, _count, _value in sample.includes),
            ):
                assert set(texts) == {"en", "zh-Hans"}
                assert any("\u4e00" <= symbol <= "\u9fff" for symbol in texts["zh-Hans"])


def test_the_pictures_of_the_samples_are_on_the_site() -> None:
    listed = Path(__file__).parents[2] / "frontend" / "emoji.txt"
    pictures = {line.split()[0] for line in listed.read_text(encoding="utf-8").splitlines() if line}
    used = {sample.emoji for samples in samples_by_category().values() for sample in samples}
    assert used <= pictures


@pytest.mark.django_db
def test_a_few_shops_sell_for_renminbi_made_once() -> None:
    seed_yuan(at=AT)
    made = set(Offer.objects.values_list("public_id", flat=True))
    assert set(Offer.objects.values_list("unit", flat=True)) == {"CNY"}
    assert len(made) >= 3
    assert Store.objects.filter(region__slug="gulou").exclude(merchant=None).count() == 3
    accounts = seed_yuan(at=AT)
    assert set(Offer.objects.values_list("public_id", flat=True)) == made
    assert accounts[0].opens == "/"
