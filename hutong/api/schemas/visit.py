"""Shapes of vouchers and redemptions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field, StringConstraints

from hutong.pay.giftcards.types import CardState, CardView
from hutong.visit.vouchers.types import UseState, VoucherState, VoucherView

from .base import ONE_LINE, MoneyOut, Ref, said


class GiftCardIn(Schema):
    """The code of a gift card, as it was written; case, spaces and dashes do not matter."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=ONE_LINE)]


class GiftCardOut(Schema):
    """A gift card as its owner sees it: `left` may be spent unless it is blocked, `held` waits in an open order."""

    ref: str
    state: CardState
    left: MoneyOut
    held: MoneyOut
    face: MoneyOut

    @staticmethod
    def of(card: CardView) -> GiftCardOut:
        """The shape of `card`."""
        return GiftCardOut(
            ref=card.ref,
            state=card.state,
            left=MoneyOut.of(card.left),
            held=MoneyOut.of(card.held),
            face=MoneyOut.of(card.face),
        )


class UseOut(Schema):
    """One use of a voucher."""

    unit: str
    state: UseState
    redeemed_at: datetime | None


class VoucherStoreOut(Schema):
    """A store in which a voucher is good."""

    ref: str
    name: str
    address: str


class VoucherOut(Schema):
    """A voucher as its owner sees it, with the code that is shown in the store."""

    ref: str
    order: str
    deal: str
    title: str
    code: str
    qr_text: str
    merchant: str
    merchant_name: str
    stores: list[VoucherStoreOut]
    state: VoucherState
    valid_from: datetime
    valid_until: datetime
    uses_total: int
    uses_left: int
    uses: list[UseOut]

    @staticmethod
    def of(voucher: VoucherView) -> VoucherOut:
        """The shape of `voucher`."""
        return VoucherOut(
            ref=voucher.ref,
            order=voucher.order_ref,
            deal=voucher.offer_ref,
            title=said(voucher.titles),
            code=voucher.code,
            qr_text=voucher.qr_text,
            merchant=voucher.merchant_ref,
            merchant_name=said(voucher.merchant_names),
            stores=[
                VoucherStoreOut(ref=store.ref, name=said(store.names), address=store.address)
                for store in voucher.stores
            ],
            state=voucher.state,
            valid_from=voucher.valid_from,
            valid_until=voucher.valid_until,
            uses_total=voucher.uses_total,
            uses_left=voucher.uses_left,
            uses=[
                UseOut(unit=use.unit_ref, state=use.state, redeemed_at=use.redeemed_at)
                for use in voucher.uses
            ],
        )


class RedemptionIn(Schema):
    """The code as typed or scanned."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=ONE_LINE)] = Field(
        examples=["ABCD-EFGH-JKMN-PQRS"]
    )
    store: Ref | None = Field(None, description="Where. A device is always in its own store.")


class RedemptionOut(Schema):
    """The recorded use. The same Idempotency-Key gives the same answer, with `replay` true."""

    ref: str
    title: str
    store: str
    at: datetime
    use_no: int
    uses_left: int
    uses_total: int
    replay: bool
    undone: bool


class UndoOut(Schema):
    """An undone redemption, and where its voucher stands now."""

    ref: str
    at: datetime
    voucher_state: VoucherState
    replay: bool


class UndoIn(Schema):
    """Which store; needed only by somebody who works in several."""

    store: Ref | None = None
