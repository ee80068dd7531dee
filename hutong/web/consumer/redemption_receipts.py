"""What was used in a shop, to read and to keep."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from hutong.kernel.errors import NotFound
from hutong.visit.vouchers.queries.receipts import receipt_of
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.redemption_receipts import ShownReceipt, as_file, with_money


@signed_in
@require_safe
def redemption(request: HttpRequest, redemption_ref: str) -> HttpResponse:
    """The receipt of a scan of one's own vouchers; one that was undone says so."""
    shown = _own(request, redemption_ref)
    context = {"tab": "wallet", "shown": shown, "receipt": shown.receipt, "zone": shown.receipt.zone}
    return page(request, "consumer/redemption.html", context)


@signed_in
@require_safe
def redemption_file(request: HttpRequest, redemption_ref: str) -> HttpResponse:
    """The same as a PDF."""
    return as_file(_own(request, redemption_ref))


def _own(request: HttpRequest, redemption_ref: str) -> ShownReceipt:
    assert request.user.is_authenticated
    found = receipt_of(redemption_ref, request.user)
    if found is None:
        raise NotFound
    # Who got it as a present does not learn what it cost.
    return with_money(found, money=not found.given)
