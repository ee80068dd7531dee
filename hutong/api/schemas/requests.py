"""Shapes of redeeming by a phone number: the shop's question, and the shopper's answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field, StringConstraints

from hutong.api.schemas.base import ONE_LINE, MoneyIn, MoneyOut, Ref, said
from hutong.api.schemas.visit import RedemptionOut
from hutong.flows.redeem_by_phone import Answered
from hutong.visit.vouchers.rules.terms import MOST_CHOICES, MOST_USES
from hutong.visit.vouchers.types.requests import RequestForOwner, RequestForShop, RequestState


class RequestIn(Schema):
    """A number as the shopper says it, and what is asked for."""

    phone: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=ONE_LINE)] = Field(
        examples=["+358 40 1234567"]
    )
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1
    bill: MoneyIn | None = Field(None, description="What the bill comes to, where a voucher asks for it.")
    store: Ref | None = Field(None, description="Where. A device is always in its own store.")


class RequestOut(Schema):
    """How a question stands. It says nothing of whoever has the number, nor whether somebody does.

    `redemption` is there once it is confirmed.
    """

    ref: str
    state: RequestState
    uses: int
    ends_at: datetime
    redemption: RedemptionOut | None

    @staticmethod
    def of(asked: RequestForShop) -> RequestOut:
        """The shape of a question that nobody has answered yet."""
        return RequestOut(
            ref=asked.ref, state=asked.state, uses=asked.uses, ends_at=asked.ends_at, redemption=None
        )

    @staticmethod
    def answered(found: Answered) -> RequestOut:
        """The shape of a question with what came of it."""
        shown = RequestOut.of(found.request)
        shown.redemption = RedemptionOut.of(found.result) if found.result else None
        return shown


class AskedOut(Schema):
    """What a shop asks: by which device or whom, for how many uses, until when it can be answered."""

    ref: str
    store: str
    store_name: str
    device: str
    staff: str
    uses: int
    bill: MoneyOut | None
    ends_at: datetime

    @staticmethod
    def of(asked: RequestForOwner) -> AskedOut:
        """The shape of `asked`."""
        return AskedOut(
            ref=asked.ref,
            store=asked.store_ref,
            store_name=said(asked.store_names),
            device=asked.device_name,
            staff=asked.staff_name,
            uses=asked.uses,
            bill=MoneyOut.of(asked.bill) if asked.bill else None,
            ends_at=asked.ends_at,
        )


class ConfirmIn(Schema):
    """The voucher that may be used, and what is chosen of it."""

    voucher: Ref
    choices: Annotated[list[Annotated[int, Field(ge=0, lt=MOST_CHOICES)]], Field(max_length=MOST_USES)] = []
