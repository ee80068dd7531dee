"""The books: everything added up again, on demand."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from hutong.flows.books import check
from hutong.kernel import clock
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page, zone_of

# What each check looks at, in words; by the word before the colon in the name of the check.
TITLES = {
    "ledger": gettext_lazy("Ledger"),
    "orders": gettext_lazy("Orders"),
    "payments": gettext_lazy("Payments"),
    "settlement": gettext_lazy("Settlement"),
    "payouts": gettext_lazy("Payouts"),
    "gift cards": gettext_lazy("Gift cards"),
    "points": gettext_lazy("Points"),
    "promotions": gettext_lazy("Promotions"),
    "groups": gettext_lazy("Groups"),
    "stock": gettext_lazy("Stock"),
    "vouchers": gettext_lazy("Vouchers"),
    "customers": gettext_lazy("Customers"),
    "clearing": gettext_lazy("Money at the providers"),
    "discrepancies": gettext_lazy("Differences of bills"),
    "unredeemed": gettext_lazy("Paid, not used yet"),
    "references": gettext_lazy("Connections"),
    "outbox": gettext_lazy("Work to be done"),
    "providers": gettext_lazy("The providers' own books"),
}
MEANINGS = {
    "ledger": gettext_lazy("Every balance is the sum of its transfers, and none is below its floor."),
    "orders": gettext_lazy("States, times, units and totals of every order agree."),
    "payments": gettext_lazy("Nothing was refunded that had not arrived, and no outcome is open for a day."),
    "settlement": gettext_lazy("What merchants and the platform earned is what was redeemed."),
    "gift cards": gettext_lazy("What is on each card, set aside and spent is what its orders say."),
    "points": gettext_lazy("What is owed in points is what people have; their lots and orders say the same."),
    "promotions": gettext_lazy("Budgets, limits and coupons are what their orders used."),
    "groups": gettext_lazy("Each group is full and charged, or all of its money goes back."),
    "payouts": gettext_lazy("What is owed to merchants is what they earned, less what was paid out."),
    "stock": gettext_lazy("What is sold and held is not more than there is."),
    "vouchers": gettext_lazy("Uses left, redeemed and refunded are together what was sold."),
    "customers": gettext_lazy("What a shop knows of its customers is the sum of their visits."),
    "clearing": gettext_lazy(
        "What a payment service holds is our payments less its fees, payouts and differences."
    ),
    "discrepancies": gettext_lazy("What is set apart in the books is the sum of the open differences."),
    "unredeemed": gettext_lazy("The ledger keeps exactly what shoppers can still use or take back."),
    "references": gettext_lazy("Every order, unit and voucher that is named elsewhere exists."),
    "outbox": gettext_lazy("Nothing waits longer than two minutes."),
    "providers": gettext_lazy("Each provider lists the same payments and refunds as we do."),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the page: the part of the books, and what holds or does not."""

    title: str
    text: str


@operators
@require_safe
def books(request: HttpRequest, _operator: Person) -> HttpResponse:
    """What the check of the books says; it runs when asked for (`run`), and reads only."""
    at = clock.now()
    run = request.GET.get("run", "")
    checked = check(at=at, ask_providers=run == "all") if run else None
    context = {
        "checked": checked is not None,
        "held": [_holds(name) for name in checked.checked] if checked else [],
        "problems": [_fails(problem) for problem in checked.problems] if checked else [],
        "parts": [Entry(str(TITLES[key]), str(MEANINGS[key])) for key in TITLES],
        "run": run,
        "at": at,
        "zone": zone_of(request),
    }
    return operator_page(request, "operator/books.html", context, tab="books")


def _holds(name: str) -> Entry:
    key, _colon, rest = name.partition(": ")
    return Entry(str(TITLES.get(key, key)), str(MEANINGS.get(key, rest)))


def _fails(problem: str) -> Entry:
    """The finding itself names records and amounts, and stays as the check wrote it."""
    key, _colon, rest = problem.partition(": ")
    return Entry(str(TITLES.get(key, key)), rest)
