"""The books: everything added up again, on demand."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from hutong.flows.books import check
from hutong.kernel import clock
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page


@operators
@require_safe
def books(request: HttpRequest, _operator: Person) -> HttpResponse:
    """What the check of the books says; it runs when asked for (`run`), and reads only."""
    at = clock.now()
    run = request.GET.get("run", "")
    checked = check(at=at, ask_providers=run == "all") if run else None
    return operator_page(
        request, "operator/books.html", {"checked": checked, "run": run, "at": at}, tab="books"
    )
