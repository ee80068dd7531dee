"""Shapes that several subjects share: money, texts, ids, lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Generic, TypeVar

from django.utils.translation import get_language
from ninja import Header, Path, Query, Schema
from pydantic import Field, StringConstraints

from hutong.kernel.money import Money
from hutong.kernel.text import pick

T = TypeVar("T")

REF_PATTERN = r"^[a-z]{3}_[0-9a-z]{26}$"

# PostgreSQL has no text with NUL; a line break or another control character has no place in these either.
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"

RefPath = Annotated[str, Path(pattern=REF_PATTERN, description="A public id.")]
Ref = Annotated[str, StringConstraints(pattern=REF_PATTERN)]
Line = Annotated[str, StringConstraints(max_length=200, pattern=ONE_LINE)]
Slug = Annotated[str, StringConstraints(max_length=60, pattern=r"^[-a-z0-9_]+$")]
Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east, WGS-84.")]
Lat = Annotated[float, Field(ge=-85, le=85, allow_inf_nan=False, description="Degrees north, WGS-84.")]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str, StringConstraints(max_length=300, pattern=r"^[\x21-\x7e]*$")]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=60,
        pattern=r"^[\x21-\x7e]+$",
        description="A new random value for each new action; the same one to repeat it.",
    ),
]


class MoneyOut(Schema):
    """An amount in minor units (cents, fen, yen) of an ISO 4217 currency."""

    minor: int
    unit: str

    @staticmethod
    def of(money: Money) -> MoneyOut:
        """The shape of `money`."""
        return MoneyOut(minor=money.minor, unit=money.unit)


class MoneyIn(Schema):
    """An amount above nothing in minor units (cents, fen, yen) of an ISO 4217 currency."""

    minor: Annotated[int, Field(ge=1, le=10**15)]
    unit: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]

    def money(self) -> Money:
        """The amount."""
        return Money(self.minor, self.unit)


class Problem(Schema):
    """RFC 9457 problem details. `code` is stable and for programs, `detail` is for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str


class Page(Schema, Generic[T]):
    """One page of a list. `next` is what to send as `after` for the page after it; null at the end."""

    items: list[T]
    next: str | None


def said(names: Mapping[str, str]) -> str:
    """The name for whoever asks, by their Accept-Language."""
    return pick(names, get_language() or "en")
