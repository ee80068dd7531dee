"""What a person has in points: how many, what they are worth, when they end, what came and went."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from hutong.flows import points as flow
from hutong.kernel import clock
from hutong.pay.ledger.types import TransactionKind
from hutong.web.consumer.account_access import owner, zone_here
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page

MOVED = {
    TransactionKind.POINTS_EARNED: gettext_lazy("Earned by using it"),
    TransactionKind.POINTS_TAKEN_BACK: gettext_lazy("Taken back, since it was refunded"),
    TransactionKind.POINTS_HOLD: gettext_lazy("Paid with them"),
    TransactionKind.POINTS_RELEASE: gettext_lazy("Not paid for after all"),
    TransactionKind.POINTS_RETURNED: gettext_lazy("Back from a refund"),
    TransactionKind.POINTS_EXPIRED: gettext_lazy("Expired"),
}


@signed_in
@require_GET
def points(request: HttpRequest) -> HttpResponse:
    """One's points of each programme; how to earn them where there are none."""
    had = flow.points_of(person_ref=owner(request).public_id, at=clock.now())
    context = {
        "tab": "me",
        "zone": zone_here(),
        "programmes": [(one, [(step, MOVED[step.kind]) for step in one.steps]) for one in had],
    }
    return page(request, "consumer/points.html", context)
