"""The rows of the deal form for prices by quantity and by hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from babel.dates import get_day_names
from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.flows.offers.body import Body, special_prices_of
from hutong.kernel.money import Money
from hutong.town.catalog.rules import MAX_FROM_QUANTITY, MAX_SPECIAL_PRICES, special_faults
from hutong.web.merchant.deal_fields import AmountField, major

_ROWS_SHOWN = 2

# What the last step says of prices that cannot be handed in.
MISSING: dict[str, Callable[[], tuple[str, str]]] = dict.fromkeys(
    ("special_too_many", "special_quantity", "special_for_all", "special_days", "special_never_counts"),
    lambda: ("price", _("Prices by quantity or hours that fit together")),
) | dict.fromkeys(
    ("special_not_lower", "special_small"),
    lambda: ("price", _("Prices by quantity or hours below the price of the deal")),
)


@dataclass
class Row:
    """One price as it is typed: of each piece, from how many, on which days of the week, between which hours."""

    number: int
    price: str = ""
    quantity: str = ""
    days: list[str] = field(default_factory=list)
    opens: str = ""
    closes: str = ""
    error: str = ""

    @property
    def timed(self) -> bool:
        """Whether it is for some days or hours."""
        return bool(self.days or self.opens or self.closes)

    @property
    def filled(self) -> bool:
        """Whether somebody typed anything into it."""
        return bool(self.price or self.quantity or self.timed)

    @property
    def week(self) -> list[tuple[str, str, bool]]:
        """The days of the week: value, name, whether it is chosen."""
        locale = "zh_Hans_CN" if get_language() == "zh-hans" else "en_GB"
        names = get_day_names("abbreviated", locale=locale)
        return [(str(day), names[day - 1], str(day) in self.days) for day in range(1, 8)]


class SpecialForm:
    """The rows of a draft, as they were left or as they were sent; see `Row`.

    `kept` takes every row that can be read. `is_valid` says whether they all fit the price of the deal.
    """

    def __init__(self, body: Body, data: QueryDict | None = None) -> None:
        self.unit = body["unit"]
        self.uses = body["uses"]
        self.error = ""
        self.bind = body.get("steps_bind", False) if data is None else "steps_bind" in data
        self._rows = _left(body) if data is None else _sent(data)
        self._read = [found for row in self._rows if (found := self._one(row))]

    @property
    def rows(self) -> list[Row]:
        """What is there, and an empty one or two."""
        count = len(self._rows)
        empty = min(max(1, _ROWS_SHOWN - count), MAX_SPECIAL_PRICES - count)
        return [*self._rows, *(Row(count + each) for each in range(empty))]

    def is_valid(self, price: int | None) -> bool:
        """Whether every row can be read and is lower than the `price` of the deal, where that is known."""
        if price is not None:
            for row, read in zip([row for row in self._rows if not row.error], self._read, strict=True):
                if not self.uses <= read["price"] < price:
                    row.error = _("Such a price is below the price of the deal.")
            if not self._wrong and special_faults(
                Money(price, self.unit), special_prices_of(self.kept({"unit": self.unit}))
            ):
                self.error = _("One of these would never count: another one is as low for no more pieces.")
        return not self._wrong

    def kept(self, body: Body) -> Body:
        """The body with the rows that can be read."""
        binds = self.bind and any(each["from_quantity"] > 1 for each in self._read)
        return {**body, "special_prices": self._read, "steps_bind": binds}

    @property
    def _wrong(self) -> bool:
        return bool(self.error or any(row.error for row in self._rows))

    def _one(self, row: Row) -> dict[str, Any] | None:
        """A row as the body has it; None with an error where it cannot be read."""
        try:
            price = AmountField(self.unit).clean(row.price)
            if price is None:
                raise forms.ValidationError(_("Give an amount."))
            quantity = int(row.quantity) if row.quantity.isascii() and row.quantity.isdigit() else 0
            if row.quantity and not 1 <= quantity <= MAX_FROM_QUANTITY:
                raise forms.ValidationError(_("From how many is a number from 2 to 100."))
            if bool(row.opens) != bool(row.closes):
                raise forms.ValidationError(_("Fill in both hours, or none."))
            if quantity < 2 and not row.timed:
                raise forms.ValidationError(_("Say from how many pieces, or at which hours."))
            hours = [f"{time.fromisoformat(each or '00:00'):%H:%M}" for each in (row.opens, row.closes)]
        except forms.ValidationError as error:
            row.error = " ".join(error.messages)
            return None
        except ValueError:
            row.error = _("Fill in both hours, or none.")
            return None
        return {
            "price": price,
            "from_quantity": max(quantity, 1),
            "windows": [[sorted(int(day) for day in row.days), *hours]] if row.timed else [],
        }


def _left(body: Body) -> list[Row]:
    rows = []
    for number, special in enumerate(body.get("special_prices", ())):
        days, opens, closes = (special["windows"] or [[[], "", ""]])[0]
        whole_day = opens == closes == "00:00"
        rows.append(
            Row(
                number,
                price=major(special["price"], body["unit"]),
                quantity=str(special["from_quantity"]) if special["from_quantity"] > 1 else "",
                days=[str(day) for day in days],
                opens="" if whole_day else opens,
                closes="" if whole_day else closes,
            )
        )
    return rows


def _sent(data: QueryDict) -> list[Row]:
    rows: list[Row] = []
    for number in range(MAX_SPECIAL_PRICES):
        texts = {
            name: data.get(f"special-{number}-{name}", "")[:20].strip()
            for name in ("price", "quantity", "opens", "closes")
        }
        days = [day for day in data.getlist(f"special-{number}-days") if day in "1234567" and len(day) == 1]
        row = Row(len(rows), days=days, **texts)
        if row.filled:
            rows.append(row)
    return rows
