"""The shopper's vouchers and coupons, the balance of their gift cards, and their points."""

from __future__ import annotations

from ninja import Router, Status

from hutong.api.actors import person_of
from hutong.api.answers import once
from hutong.api.doors import ApiRequest, Scope, scope
from hutong.api.schemas.base import Key, RefPath
from hutong.api.schemas.coupons import CouponIn, CouponOut
from hutong.api.schemas.requests import AskedOut, ConfirmIn
from hutong.api.schemas.visit import GiftCardIn, GiftCardOut, PointsOut, RedemptionOut, VoucherOut
from hutong.flows import points, redeem_by_phone
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.http import client_address
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.giftcards import services as giftcards_services
from hutong.pay.pricing import queries as pricing
from hutong.pay.pricing import services as pricing_services
from hutong.visit.vouchers import queries
from hutong.visit.vouchers.queries import requests as requests_read
from hutong.visit.vouchers.services import requests

router = Router(tags=["Vouchers"])


@router.get("/balance", auth=scope(Scope.ORDERS_READ), response=list[GiftCardOut])
def list_gift_cards(request: ApiRequest) -> list[GiftCardOut]:
    """One's own gift cards, in the order in which they are spent, with what is left on each."""
    return [GiftCardOut.of(card) for card in giftcards.cards_of(person_of(request).pk)]


@router.post("/balance", auth=scope(Scope.ORDERS_WRITE), response=GiftCardOut)
def open_gift_card(request: ApiRequest, body: GiftCardIn) -> GiftCardOut:
    """Open a gift card with its code: it is one's own from then on. The same code again gets the same answer."""
    card_ref = giftcards_services.claim(
        code=body.code, person=person_of(request), address=client_address(request), at=clock.now()
    )
    card = giftcards.card_view(card_ref)
    assert card is not None, "it was opened just now"
    return GiftCardOut.of(card)


@router.get("/coupons", auth=scope(Scope.ORDERS_READ), response=list[CouponOut])
def list_coupons(request: ApiRequest) -> list[CouponOut]:
    """One's own coupons, those that are ready first, then the newest; at most 100."""
    return [CouponOut.of(coupon, clock.now()) for coupon in pricing.coupons_of(person_of(request).pk)]


@router.post("/coupons", auth=scope(Scope.ORDERS_WRITE), response={201: CouponOut})
def get_coupon(request: ApiRequest, body: CouponIn) -> Status[CouponOut]:
    """Get the coupon of a code, or take one where it is offered. Each is there once for a person, or as often as it says."""
    person, at = person_of(request), clock.now()
    if body.code is not None:
        ref = pricing_services.enter_code(
            code=body.code, person=person, address=client_address(request), at=at
        )
    else:
        ref = pricing_services.claim(promotion_ref=body.promotion or "", person=person, at=at)
    made = next(coupon for coupon in pricing.coupons_of(person.pk) if coupon.ref == ref)
    return Status(201, CouponOut.of(made, at))


@router.get("/points", auth=scope(Scope.ORDERS_READ), response=list[PointsOut])
def list_points(request: ApiRequest) -> list[PointsOut]:
    """One's own points by programme, with what they are worth and when they end."""
    had = points.points_of(person_ref=person_of(request).public_id, at=clock.now(), steps=0)
    return [PointsOut.of(one) for one in had]


@router.get("/vouchers", auth=scope(Scope.VOUCHERS_READ), response=list[VoucherOut])
def list_vouchers(request: ApiRequest) -> list[VoucherOut]:
    """One's own vouchers, the newest first, at most 200."""
    return [VoucherOut.of(voucher) for voucher in queries.wallet(person_of(request), at=clock.now())]


@router.get("/vouchers/{ref}", auth=scope(Scope.VOUCHERS_READ), response=VoucherOut)
def get_voucher(request: ApiRequest, ref: RefPath) -> VoucherOut:
    """One's own voucher, with the code that is shown in the store."""
    voucher = queries.voucher_view(ref, person_of(request), at=clock.now())
    if voucher is None:
        raise NotFound
    return VoucherOut.of(voucher)


@router.get("/voucher-requests", auth=scope(Scope.VOUCHERS_READ), response=list[AskedOut])
def list_voucher_requests(request: ApiRequest) -> list[AskedOut]:
    """What shops ask just now: whether they may redeem a voucher without its code. The newest first."""
    waiting = requests_read.to_answer(person_of(request), at=clock.now())
    return [AskedOut.of(one) for one in waiting]


@router.post("/voucher-requests/{ref}/confirm", auth=scope(Scope.ORDERS_WRITE), response={200: RedemptionOut})
def confirm_request(request: ApiRequest, ref: RefPath, body: ConfirmIn, key: Key) -> Status[RedemptionOut]:
    """Let the shop redeem one's own voucher as it asked, now, all or nothing. Again: the same answer."""
    person = person_of(request)

    def confirm() -> tuple[int, RedemptionOut]:
        done = redeem_by_phone.confirm(
            request_ref=ref, voucher_ref=body.voucher, choices=body.choices, by=person, at=clock.now()
        )
        return 200, RedemptionOut.of(done, to_shopper=True)

    return once(request, key, body, confirm)


@router.post("/voucher-requests/{ref}/refuse", auth=scope(Scope.ORDERS_WRITE), response={204: None})
def refuse_request(request: ApiRequest, ref: RefPath) -> Status[None]:
    """Say no. Nothing is used, and the shop does not learn that somebody was there."""
    requests.refuse(request_ref=ref, by=person_of(request), at=clock.now())
    return Status(204, None)
