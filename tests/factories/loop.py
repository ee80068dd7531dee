"""A shop with a deal, a shopper and a scanner, and the steps of the loop as tests take them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from hutong.flows import cart, checkout, payment_received, redeem
from hutong.flows.groups.asking import ALONE, Ask
from hutong.kernel.money import Money
from hutong.pay.orders.types import PlacedOrder
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import PaymentReport, ReportStatus
from hutong.town.catalog.models import Offer
from hutong.town.merchants.models import Device, Merchant, Store
from hutong.town.people.models import Person
from hutong.visit.stock import services as stock
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers.types import RedemptionResult, VoucherView
from tests.factories import catalog, merchants, people

_keys = count(1)


@dataclass
class Scene:
    """Everything one loop needs."""

    at: datetime
    store: Store
    offer: Offer
    device: Device
    shopper: Person = field(default_factory=people.person)

    @property
    def merchant(self) -> Merchant:
        """The shop's merchant."""
        assert self.store.merchant is not None
        return self.store.merchant

    def order(
        self,
        *,
        quantity: int = 1,
        at: datetime | None = None,
        by: Person | None = None,
        client_key: str = "",
        consent: bool = True,
        from_balance: int = 0,
        coupons: Collection[str] | None = None,
        use_points: bool = False,
        ask: Ask = ALONE,
    ) -> PlacedOrder:
        """Order the deal at the price shown, alone or in a group."""
        moment, person, store_ref = at or self.at, by or self.shopper, self.store.public_id
        wants = {self.offer.public_id: quantity}
        shown = cart.price(
            wants=wants,
            at=moment,
            person=person,
            store_ref=store_ref,
            coupons=coupons,
            use_points=use_points,
            ask=ask,
        )
        return checkout.place(
            person=person,
            wants=wants,
            store_ref=store_ref,
            coupons=coupons,
            use_points=use_points,
            shown_hash=shown.quote.hash,
            client_key=client_key or f"click-{next(_keys)}",
            remember_consent=consent,
            from_balance=Money(from_balance, "EUR") if from_balance else None,
            ask=ask,
            at=moment,
        )

    def money_arrives(
        self, placed: PlacedOrder, *, at: datetime | None = None, amount: Money | None = None
    ) -> str:
        """The provider says that the order's payment was captured; what came of it."""
        payment = payments.payment_for_order(placed.order_ref)
        assert payment is not None
        report = PaymentReport(
            payment.ref, ReportStatus.DONE, amount or payment.amount, provider_ref=f"prv_{payment.ref}"
        )
        return payment_received.record(report=report, at=at or self.at)

    def bought(self, *, quantity: int = 1, consent: bool = True) -> list[VoucherView]:
        """Order and pay; the vouchers."""
        placed = self.order(quantity=quantity, consent=consent)
        assert self.money_arrives(placed) == "paid"
        return vouchers.vouchers_of_order(placed.order_ref, at=self.at)

    def scan(
        self, code: str, *, uses: int = 1, nonce: str = "", at: datetime | None = None
    ) -> RedemptionResult:
        """The shop's device scans a code."""
        actor = redeem.actor_for(device_ref=self.device.public_id)
        return redeem.redeem(
            wanted=redeem.Wanted(code=code, uses=uses),
            actor=actor,
            nonce=nonce or f"scan-{next(_keys)}",
            address="127.0.0.1",
            at=at or self.at,
        )


def scene(
    *, at: datetime, capacity: int | None = None, per_person_limit: int | None = None, price: int = 1990
) -> Scene:
    """A shop with one deal, of which `capacity` may be sold."""
    store = merchants.store(at=at)
    offer = catalog.offer(store=store, at=at, per_person_limit=per_person_limit, price=price)
    if capacity is not None:
        stock.set_capacity(offer_ref=offer.public_id, capacity=capacity, by="per_test", at=at)
    return Scene(at=at, store=store, offer=offer, device=merchants.device(store=store))
