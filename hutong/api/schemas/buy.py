"""Shapes of quotes, orders, payments and refunds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field, StringConstraints

from hutong.flows.choose_provider import offered
from hutong.flows.groups.asking import Ask
from hutong.flows.refund import RefundPreview
from hutong.pay.groups.types import PlaceState, PlaceView
from hutong.pay.orders.types import LineView, OrderState, OrderSummary, OrderView, UnitState
from hutong.pay.payments.types import RefundState, RefundView
from hutong.pay.pricing.types import EffectKind, Funder, Quote, RaiseReason, Reason

from .base import Line, MoneyIn, MoneyOut, Ref, said
from .groups import GroupOut

ProviderName = Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-z0-9_]+$")]
HttpAddress = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[\x21-\x7e]+$")]


class Want(Schema):
    """How many of which deal."""

    deal: Ref
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1


class QuoteIn(Schema):
    """What somebody would like to buy, all of one merchant; in a group one deal alone."""

    lines: Annotated[list[Want], Field(min_length=1, max_length=20)]
    coupons: Annotated[list[Ref], Field(max_length=20)] | None = Field(
        None,
        description="The coupons to use; left out, the best of one's own are, and an empty list uses none.",
    )
    use_points: bool = Field(False, description="Pay a part with one's own points, as many as may be.")
    store: Ref | None = Field(None, description="Where the shopper means to go, if they said so.")
    group_size: Annotated[int, Field(ge=2, le=999)] | None = Field(
        None, description="Open a group of so many, one of the `steps` of `GET /deals/{ref}/groups`."
    )
    group: Ref | None = Field(None, description="The group to join.")

    def ask(self) -> Ask:
        """To open a group, to join one, or neither."""
        return Ask(group_ref=self.group) if self.group else Ask(size=self.group_size or 0)

    def wants(self) -> dict[str, int]:
        """How many of each deal; a deal named twice counts together."""
        wanted: dict[str, int] = {}
        for line in self.lines:
            wanted[line.deal] = wanted.get(line.deal, 0) + line.quantity
        return wanted


class QuoteLineOut(Schema):
    """One line of a quote."""

    deal: str
    title: str
    quantity: int
    list_total: MoneyOut
    total: MoneyOut


class DiscountOut(Schema):
    """What one promotion, coupon or points take off, and who bears it."""

    ref: str
    kind: EffectKind
    title: str
    funder: Funder
    amount: MoneyOut


class UnusedCoupon(Schema):
    """A coupon of the person that takes nothing off this cart, and why."""

    ref: str
    reason: Reason
    missing: MoneyOut | None
    missing_pieces: int


class QuoteOut(Schema):
    """Every amount of a cart. `hash` names this price: send it with the order, to pay what was shown.

    `providers` are the payment services that take this money, the usual one first.
    """

    hash: str
    providers: list[str]
    total: MoneyOut
    list_total: MoneyOut
    discount: MoneyOut
    discounts: list[DiscountOut]
    unused_coupons: list[UnusedCoupon]
    lines: list[QuoteLineOut]

    @staticmethod
    def of(quote: Quote) -> QuoteOut:
        """The shape of `quote`."""
        return QuoteOut(
            hash=quote.hash,
            providers=offered(quote.total.unit),
            total=MoneyOut.of(quote.total),
            list_total=MoneyOut.of(quote.list_total),
            discount=MoneyOut.of(quote.discount_total),
            discounts=[
                DiscountOut(
                    ref=each.ref,
                    kind=each.kind,
                    title=said(each.titles),
                    funder=each.funder,
                    amount=MoneyOut.of(each.amount),
                )
                for each in quote.discounts
            ],
            unused_coupons=[
                UnusedCoupon(
                    ref=each.ref,
                    reason=each.reason,
                    missing=MoneyOut.of(each.missing) if each.missing else None,
                    missing_pieces=each.missing_pieces,
                )
                for each in quote.unused
            ],
            lines=[
                QuoteLineOut(
                    deal=line.offer_ref,
                    title=said(line.titles),
                    quantity=line.quantity,
                    list_total=MoneyOut.of(line.list_total),
                    total=MoneyOut.of(line.total),
                )
                for line in quote.lines
            ],
        )


class OrderIn(QuoteIn):
    """What to order, at the price that was shown."""

    quote: Annotated[str, StringConstraints(max_length=100)] = Field(description="The `hash` of the quote.")
    remember_me: bool = Field(False, description="The merchant may remember this person as a customer.")
    from_balance: MoneyIn | None = Field(
        None, description="How much of the total gift cards pay, at most what `GET /balance` says."
    )
    provider: ProviderName | None = Field(None, description="One of the quote's `providers`.")


class OrderPlaced(Schema):
    """An order that awaits payment of `to_pay` until `expires_at`; paid already where gift cards bear all of it.

    `group` is what it is bought in together with others: its vouchers are made once that is full.
    """

    ref: str
    state: OrderState
    total: MoneyOut
    from_balance: MoneyOut
    to_pay: MoneyOut
    expires_at: datetime
    group: str | None = None


class UnitOut(Schema):
    """One unit of a paid order, with what was paid for it."""

    ref: str
    state: UnitState
    paid: MoneyOut
    used_at: datetime | None
    refunded_at: datetime | None


class OrderLineOut(Schema):
    """One line of an order; `units` is empty until it is paid."""

    deal: str
    title: str
    quantity: int
    list_total: MoneyOut
    total: MoneyOut
    units: list[UnitOut]

    @staticmethod
    def of(line: LineView) -> OrderLineOut:
        """The shape of `line`."""
        return OrderLineOut(
            deal=line.offer_ref,
            title=said(line.titles),
            quantity=line.quantity,
            list_total=MoneyOut.of(line.list_total),
            total=MoneyOut.of(line.total),
            units=[
                UnitOut(
                    ref=unit.unit_ref,
                    state=unit.state,
                    paid=MoneyOut.of(unit.paid),
                    used_at=unit.used_at,
                    refunded_at=unit.refunded_at,
                )
                for unit in line.units
            ],
        )


class OrderOut(Schema):
    """A whole order. Of one that is bought together with others `group` says how that stands, and `place` its own part:
    it waits while that is `paid`, and its vouchers are made when it is `kept`."""

    ref: str
    state: OrderState
    total: MoneyOut
    from_balance: MoneyOut
    refunded: MoneyOut
    refundable: MoneyOut
    merchant: str
    merchant_name: str
    store: str | None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    lines: list[OrderLineOut]
    group: GroupOut | None = None
    place: PlaceState | None = None

    @staticmethod
    def of(order: OrderView, place: PlaceView | None, at: datetime) -> OrderOut:
        """The shape of `order`."""
        return OrderOut(
            ref=order.order_ref,
            state=order.state,
            total=MoneyOut.of(order.total),
            from_balance=MoneyOut.of(order.stored),
            refunded=MoneyOut.of(order.refunded),
            refundable=MoneyOut.of(order.refundable),
            merchant=order.merchant_ref,
            merchant_name=said(order.merchant_names),
            store=order.store_ref,
            created_at=order.created_at,
            expires_at=order.expires_at,
            paid_at=order.paid_at,
            lines=[OrderLineOut.of(line) for line in order.lines],
            group=GroupOut.of(place.group, at) if place else None,
            place=place.state if place else None,
        )


class OrderRow(Schema):
    """An order in a list. The phone is masked."""

    ref: str
    state: OrderState
    total: MoneyOut
    refunded: MoneyOut
    title: str
    quantity: int
    merchant: str
    merchant_name: str
    person: str
    phone: str
    created_at: datetime
    paid_at: datetime | None

    @staticmethod
    def of(order: OrderSummary) -> OrderRow:
        """The shape of `order`."""
        return OrderRow(
            ref=order.order_ref,
            state=order.state,
            total=MoneyOut.of(order.total),
            refunded=MoneyOut.of(order.refunded),
            title=said(order.titles),
            quantity=order.quantity,
            merchant=order.merchant_ref,
            merchant_name=said(order.merchant_names),
            person=order.person_ref,
            phone=order.masked_phone,
            created_at=order.created_at,
            paid_at=order.paid_at,
        )


class PaymentIn(Schema):
    """Where the shopper comes back to after paying."""

    return_url: HttpAddress | None = Field(None, description="On this site; the order's page if left out.")
    provider: ProviderName | None = Field(
        None, description="Who takes the money; another one than before calls the payment under way off."
    )


class PaymentStarted(Schema):
    """Send the shopper to `redirect_url`. The order is paid once the provider has told us so.

    `code` is what the page there draws as a code, where the provider's app is to scan one.
    """

    order: str
    redirect_url: str
    code: str | None = None


class RefundIn(Schema):
    """What to give back: named units, or all that is not used."""

    units: Annotated[list[Ref], Field(min_length=1, max_length=1000)] | None = None
    reason: Line = ""
    amount: MoneyIn | None = Field(
        None, description="What the preview showed; where another amount would go back, nothing does."
    )


class PreviewIn(Schema):
    """What would be given back: named units, or all that is not used."""

    units: Annotated[list[Ref], Field(min_length=1, max_length=1000)] | None = None


class LostTermOut(Schema):
    """Why what is kept costs more: of which line or discount, what it needs, what a piece that is kept costs now."""

    reason: RaiseReason
    title: str
    pieces: int
    minimum: MoneyOut | None
    price: MoneyOut | None


class PreviewOut(Schema):
    """What would come back now: `amount`, which is `less` than was paid for these where terms of the price are lost."""

    amount: MoneyOut
    without_terms: MoneyOut
    less: MoneyOut
    to_gift_cards: MoneyOut
    units: list[str]
    lost: list[LostTermOut]

    @staticmethod
    def of(preview: RefundPreview) -> PreviewOut:
        """The shape of `preview`."""
        return PreviewOut(
            amount=MoneyOut.of(preview.amount),
            without_terms=MoneyOut.of(preview.without_terms),
            less=MoneyOut.of(preview.less),
            to_gift_cards=MoneyOut.of(preview.to_cards),
            units=list(preview.unit_refs),
            lost=[
                LostTermOut(
                    reason=term.reason,
                    title=said(term.titles),
                    pieces=term.pieces,
                    minimum=MoneyOut.of(term.minimum) if term.minimum is not None else None,
                    price=MoneyOut.of(term.price) if term.price is not None else None,
                )
                for term in preview.lost
            ],
        )


class RefundOut(Schema):
    """A refund on its way, or done."""

    ref: str
    order: str
    amount: MoneyOut
    state: RefundState
    units: list[str]
    created_at: datetime
    done_at: datetime | None

    @staticmethod
    def of(refund: RefundView) -> RefundOut:
        """The shape of `refund`."""
        return RefundOut(
            ref=refund.ref,
            order=refund.order_ref,
            amount=MoneyOut.of(refund.amount),
            state=refund.state,
            units=list(refund.unit_refs),
            created_at=refund.created_at,
            done_at=refund.done_at,
        )


def names_of(names: Mapping[str, str] | None) -> str | None:
    """The name for whoever asks, where there is one."""
    return said(names) if names else None
