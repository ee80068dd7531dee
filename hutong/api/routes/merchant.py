"""A merchant's day, its customers, its deals on and off."""

from __future__ import annotations

from typing import Annotated

from ninja import Query, Router

from hutong.api.actors import answerable_of, merchant_actor
from hutong.api.doors import ApiRequest, Scope, scope
from hutong.api.schemas.base import Page, Ref, RefPath
from hutong.api.schemas.merchant import (
    CustomerOut,
    CustomerPageOut,
    CustomersAsked,
    DealSwitched,
    OwnStore,
    RedeemedOut,
    TakingsOut,
    TodayOut,
)
from hutong.flows import approve
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.know.customers import queries as customers
from hutong.pay.orders.queries import takings
from hutong.town.catalog.queries import offer_by_ref
from hutong.town.merchants.types import Right
from hutong.town.regions.queries import region_by_id
from hutong.visit.vouchers.queries import today

router = Router(tags=["Merchant"])

Merchant = Annotated[Ref | None, Query(None, description="Needed only by somebody who works for several.")]


@router.get("/stores", auth=scope(Scope.MERCHANT_READ), response=list[OwnStore])
def list_stores(request: ApiRequest, merchant: Merchant = None) -> list[OwnStore]:
    """The merchant's stores: those the person works in, or all of them."""
    return [OwnStore.of(store) for store in merchant_actor(request, merchant, right=None).stores]


@router.get("/today", auth=scope(Scope.MERCHANT_READ), response=TodayOut)
def get_today(request: ApiRequest, merchant: Merchant = None) -> TodayOut:
    """Redemptions since midnight of the merchant's region, and what was sold, used and refunded."""
    actor = merchant_actor(request, merchant, right=Right.SEE_TODAY)
    region = region_by_id(actor.merchant.region_id)
    assert region is not None, "a merchant has a region"
    on = clock.local(clock.now(), region.zone).date()
    starts_at, ends_at = clock.day_bounds(on, region.zone)
    lines = today([store.store_id for store in actor.stores], starts_at=starts_at, ends_at=ends_at)
    money = None
    if actor.whole and actor.may(Right.SEE_TAKINGS):
        money = takings(
            merchant_id=actor.merchant.merchant_id,
            unit=region.currency,
            starts_at=starts_at,
            ends_at=ends_at,
        )
    return TodayOut(
        on=on,
        takings=TakingsOut.of(money) if money else None,
        redemptions=[RedeemedOut.of(line) for line in lines],
    )


@router.get("/customers", auth=scope(Scope.CUSTOMERS_READ), response=Page[CustomerOut])
def list_customers(request: ApiRequest, asked: Query[CustomersAsked]) -> Page[CustomerOut]:
    """Who came and agreed to be remembered. Phones are masked."""
    actor = merchant_actor(request, asked.merchant, right=Right.SEE_CUSTOMERS)
    found = customers.customer_list(
        actor.merchant.ref,
        at=clock.now(),
        text=asked.text,
        sort=asked.sort,
        segment=asked.segment,
        cursor=asked.after,
        limit=asked.limit,
    )
    return Page(items=[CustomerOut.of(row) for row in found.rows], next=found.next_cursor)


@router.get("/customers/{ref}", auth=scope(Scope.CUSTOMERS_READ), response=CustomerPageOut)
def get_customer(request: ApiRequest, ref: RefPath, merchant: Merchant = None) -> CustomerPageOut:
    """One customer with the timeline."""
    actor = merchant_actor(request, merchant, right=Right.SEE_CUSTOMERS)
    page = customers.customer_page(actor.merchant.ref, ref, at=clock.now())
    if page is None:
        raise NotFound
    return CustomerPageOut.of(page)


@router.post("/deals/{ref}/pause", auth=scope(Scope.DEALS_WRITE), response=DealSwitched)
def pause_deal(request: ApiRequest, ref: RefPath) -> DealSwitched:
    """Take an approved deal off sale. What was sold stays good."""
    return _switch(request, ref, on=False)


@router.post("/deals/{ref}/resume", auth=scope(Scope.DEALS_WRITE), response=DealSwitched)
def resume_deal(request: ApiRequest, ref: RefPath) -> DealSwitched:
    """Put a paused deal on sale again."""
    return _switch(request, ref, on=True)


def _switch(request: ApiRequest, ref: str, *, on: bool) -> DealSwitched:
    offer = offer_by_ref(ref)
    if offer is None:
        raise NotFound
    # The deal's own merchant is asked for, so that a stranger gets the answer of a deal that does not exist.
    merchant_actor(request, offer.merchant_ref, right=Right.EDIT_DEALS)
    approve.switch_offer(offer_ref=ref, on=on, by=answerable_of(request), at=clock.now())
    switched = offer_by_ref(ref)
    assert switched is not None, "offers are never deleted"
    return DealSwitched(ref=ref, state=switched.state.value)
