"""The shop's receipt of what it redeemed."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from hutong.kernel.errors import NotFound
from hutong.town.merchants.types import Right
from hutong.visit.vouchers.queries.receipts import receipt_in
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.redemption_receipts import ShownReceipt, as_file, with_money


@needs(Right.REDEEM, device=True)
@require_safe
def redemption(request: HttpRequest, desk: Desk, redemption_ref: str) -> HttpResponse:
    """The receipt of a scan in this store, with its amount for who sees takings. It says nothing of the shopper."""
    shown = _here(desk, redemption_ref)
    context = {"shown": shown, "receipt": shown.receipt}
    return merchant_page(request, desk, "merchant/redemption.html", context, tab="today")


@needs(Right.REDEEM, device=True)
@require_safe
def redemption_file(_request: HttpRequest, desk: Desk, redemption_ref: str) -> HttpResponse:
    """The same as a PDF, to print."""
    return as_file(_here(desk, redemption_ref))


def _here(desk: Desk, redemption_ref: str) -> ShownReceipt:
    found = receipt_in(redemption_ref, desk.store.ref)
    if found is None:
        raise NotFound
    return with_money(found, money=desk.may(Right.SEE_TAKINGS))
