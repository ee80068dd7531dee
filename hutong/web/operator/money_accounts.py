"""The ledger behind a figure: the accounts of a kind, what moved on one of them, and what a booking was about."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from hutong.kernel.money import Money
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.queries import Movement
from hutong.pay.ledger.types import PLATFORM, AccountKind
from hutong.pay.orders.queries import units
from hutong.pay.payments.queries import order_of_payment
from hutong.pay.settlement.queries import settled
from hutong.town.merchants.queries import names_of
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, zone_of
from hutong.web.operator.money_names import ACCOUNTS, ASSETS, TRANSACTIONS, provider_label
from hutong.web.shell.templatetags.hutong import named

PAGE = 50
_LED_TO = ("pay", "rfd", "ord", "red")


@dataclass(frozen=True, slots=True)
class Line:
    """A movement as it is shown: why, with whom, and how much came in (below nothing: went out)."""

    at: datetime
    why: str
    other: str
    other_url: str
    reference: str
    leads: bool
    amount: Money


@operators
@require_safe
def accounts(request: HttpRequest, _operator: Person, kind: str, unit: str) -> HttpResponse:
    """The accounts of a kind in one currency, the largest first."""
    which = _kind(kind)
    found = ledger.accounts_of(which, unit)
    names = _names({each.owner for each in found})
    context = {
        "title": str(ACCOUNTS[which]),
        "unit": unit,
        "accounts": [
            (names[each.owner], _shown(which, each.balance), _url(which, each.owner, unit)) for each in found
        ],
    }
    return operator_page(request, "operator/accounts.html", context, tab="money")


@operators
@require_safe
def account(request: HttpRequest, _operator: Person, kind: str, owner: str, unit: str) -> HttpResponse:
    """What moved on one account, the newest first, in pages by a cursor."""
    which, before = _kind(kind), request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Http404
    found = ledger.movements(which, owner, unit, before=int(before) if before else None, limit=PAGE + 1)
    if found is None:
        if owner != PLATFORM:
            raise Http404
        found = []  # an account of ours that nothing has moved on yet
    shown, more = found[:PAGE], found[PAGE:]
    names = _names({owner} | {each.other_owner for each in shown})
    context = {
        "title": str(ACCOUNTS[which]),
        "owner": names[owner] if owner != PLATFORM else "",
        "unit": unit,
        "back": reverse("operator_accounts", args=[which.value, unit]),
        "balance": _shown(which, ledger.balance(which, owner, unit)),
        "lines": [_line(which, each, names, unit) for each in shown],
        "next_url": f"{request.path}?before={shown[-1].number}" if more else "",
        "zone": zone_of(request),
    }
    return operator_page(
        request, "operator/account.html", context, tab="money", part="operator/_account_rows.html"
    )


@operators
@require_safe
def booking(request: HttpRequest, _operator: Person) -> HttpResponse:
    """To the order that a booking is about; 404 where it is about none."""
    reference = request.GET.get("reference", "")
    for part in reference.split(":"):
        order_ref = _order_of(part)
        if order_ref:
            return redirect("operator_order", order_ref)
    raise Http404


def _order_of(ref: str) -> str:
    prefix = ref.partition("_")[0]
    if prefix == "ord":
        return ref
    if prefix in ("pay", "rfd"):
        return order_of_payment(ref) or ""
    if prefix == "red":
        sold = units([each.unit_ref for each in settled(ref)])
        return sold[0].order_ref if sold else ""
    return ""


def _kind(kind: str) -> AccountKind:
    try:
        return AccountKind(kind)
    except ValueError as error:
        raise Http404 from error


def _line(which: AccountKind, each: Movement, names: dict[str, str], unit: str) -> Line:
    other = names[each.other_owner] if each.other_owner != PLATFORM else ""
    label = str(ACCOUNTS[each.other_kind])
    return Line(
        at=each.at,
        why=str(TRANSACTIONS[each.kind]),
        other=f"{label}: {other}" if other else label,
        other_url=_url(each.other_kind, each.other_owner, unit),
        reference=each.reference,
        leads=any(
            part.startswith(tuple(f"{prefix}_" for prefix in _LED_TO)) for part in each.reference.split(":")
        ),
        amount=_shown(which, each.amount),
    )


def _shown(kind: AccountKind, amount: Money) -> Money:
    """What is ours is below nothing in the books, and above it on pages."""
    return -amount if kind in ASSETS else amount


def _names(owners: set[str]) -> dict[str, str]:
    """What owners are called: merchants by name, payment services by theirs, cards by their numbers."""
    merchants = names_of(owners)
    return {
        owner: named(merchants[owner]) if owner in merchants else provider_label(owner) for owner in owners
    }


def _url(kind: AccountKind, owner: str, unit: str) -> str:
    return reverse("operator_account", args=[kind.value, owner, unit])
