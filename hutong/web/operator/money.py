"""Where the money is: by currency what is held, whose it is, what the platform earned, and what waits."""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import bank_in, close_month, points
from hutong.flows.statements import after, month_bounds
from hutong.kernel import clock
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.queries import KindTotal
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.payments import queries as payments
from hutong.pay.payments.services import NOTE_LIMIT
from hutong.pay.settlement import queries as settlement
from hutong.town.people.services import Person
from hutong.town.regions.queries import currencies, default_region
from hutong.web.operator.access import operators
from hutong.web.operator.frame import MONEY_PAGES, operator_page, zone_of
from hutong.web.operator.money_chart import Piece, coloured, where_chart
from hutong.web.operator.money_names import ACCOUNTS, ASSETS, provider_label
from hutong.web.shell.typed import minor_units

_K = AccountKind
# What is somebody else's, and what the platform earned and spent; each in the order of the page.
_OTHERS = (_K.UNREDEEMED, _K.STORED_VALUE, _K.STORED_HELD, _K.PAYABLE, _K.PAYOUT, _K.SUSPENSE, _K.DISCREPANCY)
_OURS = (_K.COMMISSION, _K.COMMISSION_TAX, _K.PROVIDER_FEES, _K.PROMOTION, _K.LOSSES)
# Where a figure is worked on, for those that have a page besides their accounts: its tab among `MONEY_PAGES`.
_WORK = {
    _K.DISPUTED: "disputes",
    _K.PAYABLE: "payouts",
    _K.PAYOUT: "payouts",
    _K.COMMISSION: "commission",
    _K.DISCREPANCY: "bills",
    _K.STORED_VALUE: "gift_cards",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the page. `url` leads to the accounts behind it, `work_url` to where it is worked on ("" for none);
    `mark` is the class of its colour in the picture.
    """

    kind: AccountKind
    label: str
    amount: Money
    url: str
    work_url: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Earned:
    """What the platform earned or spent: in this month, in the last one, and in all."""

    label: str
    this_month: Money
    last_month: Money
    amount: Money
    url: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """All of one currency."""

    unit: str
    held: list[Figure]
    others: list[Figure]
    owing: Money
    ours: list[Earned]
    pieces: list[Piece]
    chart: str
    to_close: date


class BankInForm(forms.Form):
    """What a payment service paid into our bank account."""

    provider = forms.CharField(max_length=20)
    unit = forms.CharField(max_length=3)
    amount = forms.CharField(max_length=20)
    on = forms.DateField()
    entry = forms.CharField(max_length=60)
    note = forms.CharField(max_length=NOTE_LIMIT, required=False)
    # It is not what a bill names, though it looks the same.
    another = forms.BooleanField(required=False)

    def clean(self) -> dict[str, object]:
        """The amount in minor units of its currency."""
        told = self.cleaned_data
        if told.get("amount") and told.get("unit"):
            told["minor"] = minor_units(told["amount"], told["unit"])
        return told


@operators
@require_safe
def money(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Where the money is, in each currency; what is unknown, when bills came, and what was paid into the bank."""
    at, totals = clock.now(), ledger.totals()
    home = default_region()
    known = {each.unit for each in totals if not each.unit.startswith("pts_")}
    # what most is sold for stands first
    units = sorted(known, key=lambda unit: (home is None or unit != home.currency, unit))
    parts = [_part(unit, [each for each in totals if each.unit == unit], at) for unit in units]
    unknown = payments.unknown_since(at)
    newest = payments.newest_bills()
    providers = sorted({each.owner for each in totals if each.kind is _K.CLEARING} | set(newest))
    context = {
        "parts": parts,
        "units": units or currencies(),
        "points": points.owed(at),
        "unknown": _pages_of(unknown),
        "reconciled": [(provider_label(name), newest.get(name)) for name in providers],
        "providers": [(name, provider_label(name)) for name in providers],
        "bank_ins": [(each, provider_label(each.provider)) for each in payments.bank_ins()],
        "entry": secrets.token_urlsafe(12),
        "today": clock.local(at, zone_of(request)).date(),
        "zone": zone_of(request),
        "work": {key: reverse(name) for key, name, _label in MONEY_PAGES},
    }
    return operator_page(request, "operator/money.html", context, tab="money")


@operators
@require_POST
def enter_bank_in(request: HttpRequest, operator: Person) -> HttpResponse:
    """Enter what a payment service paid into our bank account."""
    form = BankInForm(request.POST)
    if not form.is_valid() or form.cleaned_data.get("minor") is None:
        wrong = next((str(error) for errors in form.errors.values() for error in errors), "")
        messages.error(request, wrong or _("Please name an amount."))
        return redirect("operator_money")
    told = form.cleaned_data
    try:
        bank_in.enter(
            provider=told["provider"],
            amount=Money(told["minor"], told["unit"]),
            on=told["on"],
            entry=told["entry"],
            another=told["another"],
            note=told["note"],
            by=operator,
            at=clock.now(),
        )
    except (Conflict, Invalid) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Entered."))
    return redirect("operator_money")


@operators
@require_POST
def undo_bank_in(request: HttpRequest, operator: Person, bank_in_ref: str) -> HttpResponse:
    """Take back what was entered by hand."""
    try:
        bank_in.undo(bank_in_ref=bank_in_ref, by=operator, at=clock.now())
    except Conflict as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back."))
    return redirect("operator_money")


def _pages_of(refs: list[str]) -> list[tuple[str, str]]:
    """Payments, refunds and payouts, each with the page it is worked on; "" for none."""
    batches = settlement.batches_of(refs)
    found = []
    for ref in refs:
        batch_ref = batches.get(ref, "")
        order_ref = "" if batch_ref else payments.order_of_payment(ref) or ""
        url = reverse("operator_batch", args=[batch_ref]) if batch_ref else ""
        found.append((ref, reverse("operator_order", args=[order_ref]) if order_ref else url))
    return found


def _part(unit: str, totals: list[KindTotal], at: datetime) -> Part:
    held = [_figure(each, unit) for each in totals if each.kind is _K.CLEARING]
    held += [_figure(each, unit) for each in totals if each.kind in (_K.BANK, _K.DISPUTED) and each.minor]
    others = [
        Figure(kind, str(ACCOUNTS[kind]), _sum(totals, kind, unit), _kind_url(kind, unit), _work_url(kind))
        for kind in _OTHERS
    ]
    owing = Money(-sum(each.below for each in totals if each.kind is _K.PAYABLE), unit)
    ours = _earned(totals, unit, at)
    pieces = coloured(_pieces(held, others, ours, owing))
    marks = {piece.label: piece.mark for piece in pieces}
    shown = [each for each in others if each.amount or each.kind in (_K.UNREDEEMED, _K.PAYABLE)]
    return Part(
        unit=unit,
        held=[replace(each, mark=marks.get(each.label, "")) for each in held],
        others=[replace(each, mark=marks.get(each.label, "")) for each in shown],
        owing=owing,
        ours=[replace(each, mark=marks.get(each.label, "")) for each in ours],
        pieces=pieces,
        chart=where_chart(pieces),
        to_close=close_month.next_to_close(unit=unit, at=at),
    )


def _figure(total: KindTotal, unit: str) -> Figure:
    label = provider_label(total.owner) if total.kind is _K.CLEARING else str(ACCOUNTS[total.kind])
    url = _account_url(total.kind, total.owner or PLATFORM, unit)
    sign = -1 if total.kind in ASSETS else 1
    return Figure(total.kind, label, Money(sign * total.minor, unit), url, _work_url(total.kind))


def _sum(totals: list[KindTotal], kind: AccountKind, unit: str) -> Money:
    """All accounts of a kind; of merchants only those that are owed something."""
    minor = sum(each.above if kind is _K.PAYABLE else each.minor for each in totals if each.kind is kind)
    return Money(minor, unit)


def _earned(totals: list[KindTotal], unit: str, at: datetime) -> list[Earned]:
    zone = close_month.zone_of_unit(unit)
    this = clock.local(at, zone).date().replace(day=1)
    last = this.replace(year=this.year - (this.month == 1), month=(this.month - 2) % 12 + 1)
    bounds = month_bounds(last, zone)[0], month_bounds(this, zone)[0], month_bounds(after(this), zone)[0]
    before = ledger.moved_between(_OURS, unit=unit, starts_at=bounds[0], ends_at=bounds[1])
    now = ledger.moved_between(_OURS, unit=unit, starts_at=bounds[1], ends_at=bounds[2])
    return [
        Earned(
            str(ACCOUNTS[kind]),
            now[kind],
            before[kind],
            _sum(totals, kind, unit),
            _account_url(kind, PLATFORM, unit),
        )
        for kind in _OURS
    ]


def _pieces(held: list[Figure], others: list[Figure], ours: list[Earned], owing: Money) -> list[Piece]:
    """Both sides of the books: where money lies or went, and whose it is. They add up to the same."""
    pieces = [Piece(each.label, each.amount, here=True) for each in held]
    if owing:
        pieces.append(Piece(_("Owed by merchants"), owing, here=True))
    pieces += [Piece(each.label, each.amount, here=False) for each in others]
    pieces += [Piece(each.label, each.amount, here=False) for each in ours]
    return [each.turned() for each in pieces if each.amount]


def _account_url(kind: AccountKind, owner: str, unit: str) -> str:
    return reverse("operator_account", args=[kind.value, owner, unit])


def _kind_url(kind: AccountKind, unit: str) -> str:
    return reverse("operator_accounts", args=[kind.value, unit])


def _work_url(kind: AccountKind) -> str:
    tab = _WORK.get(kind, "")
    return next((reverse(name) for key, name, _label in MONEY_PAGES if key == tab), "")
