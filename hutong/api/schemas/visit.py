"""Shapes of vouchers and redemptions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.urls import reverse
from django.utils.translation import get_language
from ninja import Schema
from pydantic import Field, StringConstraints

from hutong.flows.points import Had
from hutong.kernel.text import pick
from hutong.pay.giftcards.types import CardState, CardView
from hutong.visit.vouchers.rules.terms import MOST_CHOICES, MOST_USES
from hutong.visit.vouchers.types import (
    Prepared,
    RedemptionResult,
    TermsReason,
    UseState,
    VoucherKind,
    VoucherState,
    VoucherView,
)

from .base import ONE_LINE, Line, MoneyIn, MoneyOut, Ref, said


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


class EndingOut(Schema):
    """Points that end at the same moment; `ends_at` is null for points that never do."""

    points: int
    ends_at: datetime | None


class PointsOut(Schema):
    """One's points of one programme: how many may be spent, what they are worth, and what ends when, the first first."""

    programme: str
    title: str
    points: int
    worth: MoneyOut
    earning: bool
    endings: list[EndingOut]

    @staticmethod
    def of(had: Had) -> PointsOut:
        """The shape of `had`."""
        return PointsOut(
            programme=had.programme.rules.unit,
            title=pick(had.programme.titles, get_language() or "en"),
            points=had.points.minor,
            worth=MoneyOut.of(had.worth),
            earning=had.programme.on,
            endings=[EndingOut(points=one.points.minor, ends_at=one.ends_at) for one in had.endings],
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


class PrepareIn(Schema):
    """The code as typed, or the text of its QR."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=700, pattern=ONE_LINE)] = Field(
        examples=["ABCD-EFGH-JKMN-PQRS"]
    )
    store: Ref | None = Field(None, description="Where. A device is always in its own store.")


class ChoiceOut(Schema):
    """One of the things of a voucher, and how often it may still be taken."""

    name: str
    left: int


class RefusalOut(Schema):
    """Why the terms allow no use now, and from when they do; null where they never do."""

    reason: TermsReason
    next_at: datetime | None


_CHANNEL = "Who sold it, where it was not this site; else empty."


class PreparedOut(Schema):
    """What could be used now. Nothing is changed, and nothing is kept for whoever asks."""

    voucher: str
    deal: str
    title: str
    kind: VoucherKind
    most: int = Field(
        description="How many uses one redemption takes at most, with the vouchers bought with it."
    )
    choices: list[ChoiceOut] = Field(
        description="To choose from, one for each use; named by position from 0."
    )
    face: MoneyOut | None = Field(description="What a cash voucher takes off the bill.")
    least_bill: MoneyOut | None = Field(description="What the bill comes to at least, for each use.")
    refusal: RefusalOut | None
    channel: str = Field(description=_CHANNEL)

    @staticmethod
    def of(prepared: Prepared) -> PreparedOut:
        """The shape of `prepared`."""
        terms, refused = prepared.terms, prepared.refusal
        return PreparedOut(
            voucher=prepared.voucher_ref,
            deal=prepared.offer_ref,
            title=said(prepared.titles),
            kind=terms.kind,
            most=prepared.most,
            choices=[
                ChoiceOut(name=said(one.names), left=prepared.left[position])
                for position, one in enumerate(terms.choices)
            ],
            face=MoneyOut.of(terms.face) if terms.face else None,
            least_bill=MoneyOut.of(terms.least_bill) if terms.least_bill else None,
            refusal=RefusalOut(reason=refused.reason, next_at=refused.next_at) if refused else None,
            channel=prepared.channel,
        )


class RedemptionIn(PrepareIn):
    """The code as typed or scanned, and what is used of it: see `prepare`."""

    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1
    choices: Annotated[list[Annotated[int, Field(ge=0, lt=MOST_CHOICES)]], Field(max_length=MOST_USES)] = []
    bill: MoneyIn | None = Field(
        None, description="What the bill comes to, where a least amount is asked for."
    )
    override_reason: Line = Field(
        "", description="Why a manager lets it pass against its terms. Nobody else may."
    )


class UsedOut(Schema):
    """One use that was recorded."""

    ref: str
    voucher: str
    use_no: int
    choice: str | None


class RedemptionOut(Schema):
    """The recorded uses. The same Idempotency-Key gives the same answer, with `replay` true.

    `ref` names all of them: who undoes one of a redemption undoes all. `receipt` is the address of a page for people;
    it is empty for a voucher that another channel sold.
    """

    ref: str
    title: str
    store: str
    at: datetime
    uses: list[UsedOut]
    use_no: int
    uses_left: int
    uses_total: int
    replay: bool
    undone: bool
    receipt: str
    channel: str = Field(description=_CHANNEL)

    @staticmethod
    def of(done: RedemptionResult, *, to_shopper: bool = False) -> RedemptionOut:
        """The shape of `done`, for the shop unless it is `to_shopper`."""
        page = "redemption" if to_shopper else "merchant_redemption"
        return RedemptionOut(
            ref=done.redemption_ref,
            title=said(done.titles),
            store=done.store_ref,
            at=done.at,
            uses=[
                UsedOut(
                    ref=one.redemption_ref,
                    voucher=one.voucher_ref,
                    use_no=one.use_no,
                    choice=said(one.choice) if one.choice else None,
                )
                for one in done.redeemed
            ],
            use_no=done.use_no,
            uses_left=done.uses_left,
            uses_total=done.uses_total,
            replay=done.replay,
            undone=done.undone,
            receipt="" if done.channel else reverse(page, args=[done.redemption_ref]),
            channel=done.channel,
        )


class UndoOut(Schema):
    """An undone redemption, and where its voucher stands now."""

    ref: str
    at: datetime
    voucher_state: VoucherState
    replay: bool


class UndoIn(Schema):
    """Which store; needed only by somebody who works in several."""

    store: Ref | None = None
