"""Life for a demo city: some of its listings get owners, staff, a till and sample offers.

Everything made here is marked as a sample. It is made once, in one transaction; a second call changes
nothing and tells the same accounts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows.demo_city.places import choose
from hutong.flows.demo_city.samples import Sample, samples_by_category
from hutong.flows.import_osm.progress import Progress, silent
from hutong.kernel import outbox
from hutong.kernel.errors import Conflict
from hutong.kernel.locking import advisory
from hutong.kernel.money import Money
from hutong.kernel.text import pick
from hutong.know.loyalty.rules import unit_of, usual
from hutong.know.loyalty.services import set_programme
from hutong.know.loyalty.types import Rules
from hutong.pay.flashsales import services as flashsales
from hutong.pay.flashsales.rules import USUAL_MINUTES, USUAL_PLACES
from hutong.pay.groups import services as groups
from hutong.pay.groups.types import PriceStep
from hutong.pay.groups.types import Terms as GroupTerms
from hutong.town.catalog import services as catalog
from hutong.town.merchants import services as merchants
from hutong.town.merchants.models import Merchant, Store
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from hutong.town.regions.models import Region
from hutong.visit.stock.services import set_capacity
from hutong.visit.vouchers.services import set_terms
from hutong.visit.vouchers.types import Terms

STAGE = "Opening sample shops"
_OPERATOR, _OWNER, _CASHIER, _SHOPPER = (f"+35840000000{number}" for number in (1, 2, 3, 4))
_OTHER_OWNERS = "+358400001{:03d}"
# Every so many offers one is left for the operator to decide about.
_PENDING_EVERY = 14


class CityMissing(Conflict):
    """There is no city yet to bring to life."""

    code = "demo_city_missing"
    message = _("Import a city first: hutong import osm data/helsinki-centre.osm.pbf --region helsinki")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in to the demo with this phone, and the page that is theirs."""

    role: str
    phone: str
    opens: str


def seed_demo(*, at: datetime, progress: Progress = silent, region_slug: str = "helsinki") -> list[Account]:
    """Give the city sample merchants and offers, once; who can sign in.

    A few merchants and a few offers stay undecided, for the operator's queue. Search follows through the
    outbox. Raises `CityMissing` without the region or without any listing that could join in.
    """
    with transaction.atomic():
        advisory("demo_city", region_slug)
        region = Region.objects.filter(slug=region_slug).first()
        if region is None:
            raise CityMissing
        if not Merchant.objects.filter(region=region, sample=True).exists():
            _open_shops(region, at, progress)
            outbox.send("index_region", at=at, region_ref=region.public_id)
    return _accounts()


def _open_shops(region: Region, at: datetime, progress: Progress) -> None:
    cast = choose(region.pk)
    if not cast.approved:
        raise CityMissing
    operator = _person(_OPERATOR, "Olli Operator", is_operator=True)
    _person(_SHOPPER, "Siiri Shopper")
    _give_points(region.currency, operator, at)
    samples = samples_by_category()
    total = len(cast.approved) + len(cast.pending)
    offers = 0
    limited = ""
    for number, stores in enumerate((*cast.approved, *cast.pending)):
        is_first = number == 0
        owner = (
            _person(_OWNER, "Olga Owner")
            if is_first
            else _person(_OTHER_OWNERS.format(number), "Sample owner")
        )
        merchant = _open_merchant(region, stores, owner, at)
        _claim(merchant, stores, operator, at)
        if number < len(cast.approved):
            merchants.decide_merchant(
                merchant_ref=merchant.public_id, approve=True, reason="A sample.", by=operator, at=at
            )
            _hire(merchant, stores, owner, at, with_demo_cashier=is_first)
        make = partial(
            _make_offer, merchant=merchant, stores=stores, owner=owner, currency=region.currency, at=at
        )
        for sample in _samples_for(samples.get(stores[0].category.slug, []), number):
            offers += 1
            # A merchant that waits cannot sell, so its offers wait with it.
            waits = number >= len(cast.approved) or (not is_first and offers % _PENDING_EVERY == 0)
            made = make(
                sample,
                variant=number,
                operator=None if waits else operator,
                together=is_first and offers == 1,
            )
            limited = made if sample.capacity and sample.limit and not waits else limited
        progress(STAGE, number + 1, total)
    _flash_sale(limited, operator, at)


def _flash_sale(offer_ref: str, by: Person, at: datetime) -> None:
    """One deal is a flash sale that opens in ten minutes: long enough to come into the line before, and to see it run."""
    if offer_ref:
        flashsales.set_up(
            offer_ref=offer_ref,
            starts_at=at + timedelta(minutes=10),
            ends_at=at + timedelta(days=6),
            places=USUAL_PLACES,
            minutes=USUAL_MINUTES,
            by=by,
            at=at,
        )


def _give_points(currency: str, operator: Person, at: datetime) -> None:
    """A point for each 1.00, a hundred are worth 1.00: half of an order, for a year."""
    unit, start = unit_of(currency), usual(currency)
    rules = Rules(
        earn=Money(start["earn"], unit),
        paid=Money(start["paid"], currency),
        each=Money(start["each"], unit),
        worth=Money(start["worth"], currency),
        step=Money(start["step"], unit),
        share_ppm=500_000,
        months=12,
    )
    set_programme(
        titles={"en": "Hutong points", "zh-Hans": "胡同积分"}, rules=rules, on=True, by=operator, at=at
    )


def _samples_for(samples: list[Sample], number: int) -> list[Sample]:
    """Two samples of a category, others for the next shop, so that neighbours differ; or the only one."""
    if len(samples) < 2:
        return samples
    first = number % len(samples)
    return [samples[first], samples[(first + 1) % len(samples)]]


def _open_merchant(region: Region, stores: tuple[Store, ...], owner: Person, at: datetime) -> Merchant:
    return merchants.apply_merchant(
        names=stores[0].names, region=region, phone=owner.phone or "", by=owner, at=at, sample=True
    )


def _claim(merchant: Merchant, stores: tuple[Store, ...], operator: Person, at: datetime) -> None:
    for store in stores:
        merchants.claim_store(store_ref=store.public_id, merchant_ref=merchant.public_id, by=operator, at=at)


def _hire(
    merchant: Merchant, stores: tuple[Store, ...], owner: Person, at: datetime, *, with_demo_cashier: bool
) -> None:
    for store in stores:
        merchants.pair_device(store_ref=store.public_id, name="Till 1", by=owner, at=at)
    if with_demo_cashier:
        merchants.add_staff(
            merchant_ref=merchant.public_id,
            person=_person(_CASHIER, "Kalle Cashier"),
            role=Role.CASHIER,
            store_ref=stores[0].public_id,
            by=owner,
            at=at,
        )


def _make_offer(
    sample: Sample,
    *,
    merchant: Merchant,
    stores: tuple[Store, ...],
    owner: Person,
    currency: str,
    variant: int,
    operator: Person | None,
    together: bool,
    at: datetime,
) -> str:
    """One offer with its terms and stock, submitted, and approved unless `operator` is None; with `together` it is
    sold to groups as well. Its ref."""
    draft = sample.draft(currency=currency, variant=variant, starts_at=at)
    offer = catalog.create_offer(
        merchant_ref=merchant.public_id,
        store_refs=[store.public_id for store in stores],
        draft=draft,
        by=owner,
        at=at,
    )
    terms = Terms(valid_days=sample.valid_days, uses=1)
    set_terms(offer_ref=offer.public_id, terms=terms, unit=currency, at=at)
    if together:
        groups.set_terms(offer_ref=offer.public_id, terms=_group_terms(draft.price), price=draft.price, at=at)
    if sample.capacity is not None:
        set_capacity(offer_ref=offer.public_id, capacity=sample.capacity, by=owner.public_id, at=at)
    catalog.submit_offer(offer_ref=offer.public_id, by=owner, at=at)
    if operator:
        catalog.decide_offer(offer_ref=offer.public_id, approve=True, reason="A sample.", by=operator, at=at)
    return offer.public_id


def _group_terms(price: Money) -> GroupTerms:
    """Two pay an eighth less each, five a quarter less; one may be missing after a day."""
    steps = tuple(
        PriceStep(size, Money(price.minor * part // 1000 * 10, price.unit))
        for size, part in ((2, 88), (5, 75))
    )
    return GroupTerms(steps=steps, hours=24, fill=1)


def _person(phone: str, name: str, *, is_operator: bool = False) -> Person:
    """The person with this phone, made where missing; nobody's name or rights are changed."""
    found = Person.objects.filter(phone=phone).first()
    return found or Person.objects.create_user(phone, name=name, is_operator=is_operator)


def _accounts() -> list[Account]:
    first = Merchant.objects.filter(sample=True, staff__person__phone=_OWNER).order_by("pk").first()
    shop = pick(first.names, "en") if first else ""
    return [
        Account(role="Shopper", phone=_SHOPPER, opens="/"),
        Account(role=f"Owner of {shop}", phone=_OWNER, opens="/merchant/"),
        Account(role=f"Cashier at {shop}", phone=_CASHIER, opens="/merchant/scan/"),
        Account(role="Operator", phone=_OPERATOR, opens="/operator/"),
    ]
