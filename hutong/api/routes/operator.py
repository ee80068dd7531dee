"""The operator's side: decisions, orders, refunds, figures."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from ninja import Query, Router, Status

from hutong.api.actors import operator_of
from hutong.api.answers import once
from hutong.api.doors import ApiRequest, Scope, scope
from hutong.api.schemas.base import Key, LimitQuery, Page, Ref, RefPath, Slug
from hutong.api.schemas.buy import OrderRow, RefundIn, RefundOut
from hutong.api.schemas.operator import Decided, DecisionIn, FiguresOut, QueueOut
from hutong.api.schemas.town import DealOut, MerchantOut
from hutong.flows import approve, refund
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.town.catalog.queries import offer_by_ref, pending_offers
from hutong.town.merchants.queries import merchant_by_ref, pending_merchants
from hutong.town.regions.queries import default_region, region_by_slug
from hutong.town.regions.types import RegionView

router = Router(tags=["Operator"])

# A day that has a day before and after it in every zone.
Day = Annotated[dt.date | None, Query(None, ge=dt.date(2000, 1, 1), le=dt.date(2200, 1, 1))]


@router.get("/queue", auth=scope(Scope.OPERATOR_READ), response=QueueOut)
def get_queue(request: ApiRequest) -> QueueOut:
    """Merchants and deals that wait for a decision, at most 200 of each."""
    operator_of(request)
    return QueueOut(
        merchants=[MerchantOut.of(merchant) for merchant in pending_merchants()],
        deals=[DealOut.of(offer) for offer in pending_offers()],
    )


@router.post("/merchants/{ref}/decision", auth=scope(Scope.OPERATOR_WRITE), response=Decided)
def decide_merchant(request: ApiRequest, ref: RefPath, body: DecisionIn) -> Decided:
    """Approve or refuse a merchant; a no to an approved one suspends it."""
    approve.approve_merchant(
        merchant_ref=ref, approve=body.approve, reason=body.reason, by=operator_of(request), at=clock.now()
    )
    merchant = merchant_by_ref(ref)
    assert merchant is not None, "merchants are never deleted"
    return Decided(ref=ref, state=merchant.state.value)


@router.post("/deals/{ref}/decision", auth=scope(Scope.OPERATOR_WRITE), response=Decided)
def decide_deal(request: ApiRequest, ref: RefPath, body: DecisionIn) -> Decided:
    """Approve or refuse a deal; a no also takes a live one off the site."""
    approve.approve_offer(
        offer_ref=ref, approve=body.approve, reason=body.reason, by=operator_of(request), at=clock.now()
    )
    offer = offer_by_ref(ref)
    assert offer is not None, "offers are never deleted"
    return Decided(ref=ref, state=offer.state.value)


@router.get("/orders", auth=scope(Scope.OPERATOR_READ), response=Page[OrderRow])
def list_all_orders(
    request: ApiRequest,
    region: Query[Slug | None] = None,
    state: Query[OrderState | None] = None,
    limit: LimitQuery = 50,
    after: Query[Ref | None] = None,
) -> Page[OrderRow]:
    """Orders of everybody or of one region, the newest first. Phones are masked."""
    operator_of(request)
    chosen = _region(region) if region else None
    found = orders.order_list(
        region_id=chosen.region_id if chosen else None, state=state, before_ref=after, limit=limit
    )
    rows = [OrderRow.of(order) for order in found]
    return Page(items=rows, next=rows[-1].ref if len(rows) == limit else None)


@router.post("/orders/{ref}/refunds", auth=scope(Scope.OPERATOR_WRITE), response={201: RefundOut})
def refund_any_order(request: ApiRequest, ref: RefPath, body: RefundIn, key: Key) -> Status[RefundOut]:
    """Give back what of somebody's order was not used."""
    person = operator_of(request)

    def give_back() -> tuple[int, RefundOut]:
        sent = refund.refund(
            order_ref=ref,
            unit_refs=body.units,
            reason=body.reason,
            by=person,
            as_operator=True,
            at=clock.now(),
        )
        return 201, RefundOut.of(sent)

    return once(request, key, body, give_back)


@router.get("/figures", auth=scope(Scope.OPERATOR_READ), response=FiguresOut)
def get_figures(request: ApiRequest, region: Query[Slug | None] = None, on: Day = None) -> FiguresOut:
    """Sales, refunds and redemptions of one day of a region: today of the default region, if left out."""
    operator_of(request)
    chosen = _region(region)
    day = on or clock.local(clock.now(), chosen.zone).date()
    return FiguresOut.of(orders.figures(region=chosen, on=day), chosen.slug, day)


def _region(slug: str | None) -> RegionView:
    region = region_by_slug(slug) if slug else default_region()
    if region is None:
        raise NotFound
    return region
