"""Giving money back on all three sides: which units can be chosen, what they add up to, and how a refund stands."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.flows.stored_value import GIFT_CARD, on_cards
from hutong.kernel.money import Money, format_money
from hutong.pay.orders.types import LineView, OrderView, UnitState, UnitView
from hutong.pay.payments.types import RefundState, RefundView
from hutong.visit.vouchers.types import UseView, VoucherView
from hutong.web.shell.templatetags.hutong import locale
from hutong.web.shell.ways_to_pay import WAYS

BANK_DAYS = 5
"""Working days after which money that was sent has arrived, at the slowest bank."""
MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit with its use: whether it can be chosen for a refund, and whether that would be goodwill."""

    unit: UnitView
    use: UseView | None
    voucher: VoucherView | None
    choosable: bool
    by_bank: bool = False
    """Whether it ended with a chargeback."""


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund as it is shown: the way it goes, and until when it should have arrived."""

    refund: RefundView
    way: str
    arrives_by: datetime


class RefundForm(forms.Form):
    """Which units, why, and the amount that was shown before the last click. Only an order's own units count."""

    unit = forms.MultipleChoiceField(
        error_messages={
            "required": gettext_lazy("Choose what is to be refunded."),
            "invalid_choice": gettext_lazy(
                "Some of it was used or refunded meanwhile. Nothing was refunded now; please choose again."
            ),
        }
    )
    ready = forms.CharField(required=False, max_length=60)
    reason = forms.CharField(required=False, max_length=MAX_REASON)
    shown = forms.IntegerField(required=False)

    def __init__(self, order: OrderView, data: Any = None, *, used_too: bool) -> None:
        super().__init__(data)
        self.order = order
        refs = [unit.unit_ref for unit in _units(order) if may_choose(unit, used_too=used_too)]
        self.fields["unit"].choices = [(ref, ref) for ref in refs]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[UnitView]:
        """The units that were chosen."""
        refs = set(self.cleaned_data.get("unit", []))
        return [unit for unit in _units(self.order) if unit.unit_ref in refs]

    @property
    def amount(self) -> Money:
        """What the chosen units were paid with."""
        return sum((unit.paid for unit in self.chosen), Money(0, self.order.total.unit))

    @property
    def to_card(self) -> Money:
        """What of that gift cards bore."""
        return sum((unit.paid_stored for unit in self.chosen), Money(0, self.order.total.unit))

    @property
    def to_provider(self) -> Money:
        """What of that the payment's provider sends back."""
        return self.amount - self.to_card

    @property
    def used(self) -> int:
        """How many of them were used."""
        return sum(unit.state is UnitState.USED for unit in self.chosen)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """What goes back, line by line: how many units of what, and what they were paid with."""
        refs = {unit.unit_ref for unit in self.chosen}
        found = []
        for line in self.order.lines:
            units = [unit for unit in line.units if unit.unit_ref in refs]
            if units:
                amount = sum((unit.paid for unit in units), Money(0, self.order.total.unit))
                found.append({"titles": line.titles, "quantity": len(units), "amount": amount})
        return found


class UsesForm(forms.Form):
    """How many of a voucher's unused uses go back, all unless said otherwise, and the amount that was shown.

    In a template `form.uses` would be the field.
    """

    def __init__(self, ready: int, data: Any = None) -> None:
        super().__init__(data)
        self.ready = ready
        self.fields["uses"] = forms.IntegerField(required=False, min_value=1, max_value=max(ready, 1))
        self.fields["shown"] = forms.IntegerField(required=False)
        self.full_clean()

    @property
    def how_many(self) -> int:
        """How many; all where nothing was said that can be."""
        return self.cleaned_data.get("uses") or self.ready

    @property
    def told(self) -> int | None:
        """The amount that was shown, in minor units."""
        return self.cleaned_data.get("shown")

    @property
    def choices(self) -> range:
        """What can be chosen, the most first."""
        return range(self.ready, 0, -1)


def _units(order: OrderView) -> Iterable[UnitView]:
    return (unit for line in order.lines for unit in line.units)


def may_choose(unit: UnitView, *, used_too: bool) -> bool:
    """Whether a unit can be refunded: not used, or used where goodwill is given; never one without a price."""
    return unit.paid.minor > 0 and (
        unit.state is UnitState.SOLD or (used_too and unit.state is UnitState.USED)
    )


def unit_rows(
    order: OrderView,
    vouchers: Sequence[VoucherView],
    *,
    may_refund: bool,
    used_too: bool,
    by_bank: Collection[str] = (),
) -> list[tuple[LineView, list[UnitRow]]]:
    """The lines of an order with their units and what became of each; `by_bank` ended with a chargeback. Makes no query."""
    uses = {use.unit_ref: (use, voucher) for voucher in vouchers for use in voucher.uses}

    def row(unit: UnitView) -> UnitRow:
        use, voucher = uses.get(unit.unit_ref, (None, None))
        promised = used_too or voucher is None or voucher.gives_back
        choosable = may_refund and promised and may_choose(unit, used_too=used_too)
        return UnitRow(unit, use, voucher, choosable=choosable, by_bank=unit.unit_ref in by_bank)

    return [(line, [row(unit) for unit in line.units]) for line in order.lines]


def way_of(provider: str) -> str:
    """What a way to pay is called by who paid that way, with a provider or from gift cards."""
    if provider == GIFT_CARD:
        return _("Gift card")
    return str(WAYS[provider].afterwards) if provider in WAYS else provider


def ways_back(order: OrderView, providers: Iterable[str]) -> list[str]:
    """Where the money of an order goes back to: what each of its providers is called, and its gift cards."""
    return [way_of(each) for each in (*providers, *([GIFT_CARD] if order.stored else []))]


def refund_rows(refunds: Iterable[RefundView]) -> list[RefundRow]:
    """Refunds as they are shown."""
    return [
        RefundRow(one, way_of(one.provider), working_days(one.done_at or one.created_at, BANK_DAYS))
        for one in refunds
    ]


def working_days(at: datetime, days: int) -> datetime:
    """The moment so many days from Monday to Friday later. Holidays are not known here."""
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return at


def tell(request: HttpRequest, done: RefundView) -> None:
    """Say in messages how a refund stands that was just asked for: what is on gift cards, and the provider's part."""
    alone = done.provider == GIFT_CARD
    if on_card := done.amount if alone else on_cards(done):
        said = _("%(amount)s is on the shopper's gift card again.")
        messages.success(request, said % {"amount": format_money(on_card, locale())})
    if not alone:
        tell_provider_part(request, done)


def tell_provider_part(request: HttpRequest, done: RefundView) -> None:
    """Say in a message how the refund of a provider stands, and nothing of gift cards."""
    amount = format_money(done.amount, locale())
    if done.state is RefundState.DONE:
        messages.success(request, _("%(amount)s is on its way back to the shopper.") % {"amount": amount})
    elif done.state is RefundState.FAILED:
        messages.error(request, _("The provider refused the refund of %(amount)s.") % {"amount": amount})
    else:
        messages.info(
            request,
            _("The refund of %(amount)s is being sent. This page shows how it ends.") % {"amount": amount},
        )
