"""Fulfilment by voucher: stock is held while the shopper pays, a voucher is made when the money is here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from hutong.pay.orders.types import OrderFacts, SoldUnit
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock
from hutong.visit.stock.types import Want
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.services import issue, release_for_refund
from hutong.visit.vouchers.types import Released


class VoucherFulfilment:
    """See the protocol `Fulfilment`."""

    def hold(
        self,
        *,
        order_ref: str,
        person_ref: str,
        offers: Mapping[str, OfferView],
        wants: Mapping[str, int],
        expires_at: datetime,
        at: datetime,
    ) -> None:
        """Hold stock, and count against the limit per person."""
        asked = [Want(ref, quantity, offers[ref].per_person_limit) for ref, quantity in wants.items()]
        stock.hold(order_ref=order_ref, person_ref=person_ref, wants=asked, expires_at=expires_at, at=at)

    def confirm(self, *, order: OrderFacts, units: Sequence[SoldUnit], at: datetime) -> list[str]:
        """What was held is sold; one voucher for each unit (or as many units as a voucher has uses)."""
        stock.confirm(order_ref=order.order_ref, at=at)
        offers = catalog.offers_by_refs({unit.offer_ref for unit in units})
        person = Person.objects.get(pk=order.person_id)
        merchant = Merchant.objects.get(pk=order.merchant_id)
        made = []
        for offer in offers.values():
            mine = [unit for unit in units if unit.offer_ref == offer.ref]
            made += issue(
                person=person,
                merchant=merchant,
                order_ref=order.order_ref,
                offer_ref=offer.ref,
                unit_refs=[unit.unit_ref for unit in mine],
                titles=dict(mine[0].titles),
                store_ids=offer.store_ids,
                zone=offer.stores[0].zone,
                ordered_at=order.created_at,
                at=at,
            )
        return [voucher.voucher_ref for voucher in made]

    def retake(self, *, order_ref: str, at: datetime) -> None:
        """Sell what the order once held, if all of it is still free."""
        stock.retake(order_ref=order_ref, at=at)

    def release(self, *, order_ref: str, at: datetime) -> None:
        """Give the held stock back."""
        stock.release(order_ref=order_ref, at=at)

    def refundable(self, *, unit_refs: Sequence[str], at: datetime) -> dict[str, bool]:
        """Units whose use is ready, and whether their voucher's terms promise the money."""
        return vouchers.unused_units(unit_refs, at=at)

    def give_back(
        self, *, order_ref: str, units: Mapping[str, str], at: datetime, used_too: bool = False
    ) -> Released:
        """Take the uses away, and put what was not used back into the stock."""
        released = release_for_refund(unit_refs=list(units), used_too=used_too)
        unused = Counter(offer_ref for unit_ref, offer_ref in units.items() if unit_ref not in released.used)
        for offer_ref, quantity in sorted(unused.items()):
            stock.return_sold(order_ref=order_ref, offer_ref=offer_ref, quantity=quantity)
        return released
