"""The shopper's vouchers, the balance of their gift cards, and their points."""

from __future__ import annotations

from ninja import Router

from hutong.api.actors import person_of
from hutong.api.doors import ApiRequest, Scope, scope
from hutong.api.schemas.base import RefPath
from hutong.api.schemas.visit import GiftCardIn, GiftCardOut, PointsOut, VoucherOut
from hutong.flows import points
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.http import client_address
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.giftcards import services as giftcards_services
from hutong.visit.vouchers import queries

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
