"""A receipt of an order or a gift card, to keep: who sold what, the tax in it, how it was paid, what went back."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hutong.flows import money_back
from hutong.flows.stored_value import GIFT_CARD
from hutong.kernel.errors import NotFound
from hutong.kernel.money import Money, format_money
from hutong.kernel.text import pick
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderView
from hutong.pay.payments import queries as payments
from hutong.pay.payments.types import DisputeView, RefundView
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.types import MerchantView, StoreView
from hutong.visit.vouchers.queries import terms_of_all
from hutong.web.consumer.account_access import zone_here
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.pdf import Column, Sheet, pdf_file, render
from hutong.web.shell.refunding import way_of
from hutong.web.shell.templatetags.hutong import locale, time_words


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says. `tax` is what the money contains that has not come back."""

    order: OrderView
    merchant: MerchantView | None
    store: StoreView | None
    tax: Money
    paid_with: list[tuple[str, Money]]
    refunds: list[tuple[str, RefundView]]
    taken: tuple[DisputeView, ...]
    """What the shopper's bank took back, the oldest first."""
    left: Money
    """What was paid less what went back or was taken back."""


@signed_in
@require_safe
def receipt(request: HttpRequest, order_ref: str) -> HttpResponse:
    """The receipt of one's own order, once it was paid."""
    found = _receipt(request, order_ref)
    context = {
        "tab": "me",
        "receipt": found,
        "order": found.order,
        "terms": terms_of_all({line.offer_ref for line in found.order.lines}),
        "zone": found.order.zone,
    }
    return page(request, "consumer/receipt.html", context)


@signed_in
@require_safe
def receipt_file(request: HttpRequest, order_ref: str) -> HttpResponse:
    """The same as a PDF."""
    found = _receipt(request, order_ref)
    return pdf_file(f"receipt-{order_ref[-8:]}.pdf", render(_sheet(found)))


@signed_in
@require_safe
def card_receipt_file(request: HttpRequest, card_ref: str) -> HttpResponse:
    """The receipt of a gift card that one bought and paid, as a PDF."""
    card = giftcards.card_view(card_ref, bought_by_id=request.user.pk)
    payment = payments.payment_for_order(card_ref)
    if card is None or payment is None or payment.captured_at is None:
        raise NotFound
    zone, language = zone_here(), get_language() or "en"
    back = money_back.of_card(card_ref, face=card.face)
    sheet = Sheet(
        title=_("Receipt"),
        sender=_platform(),
        facts=[
            (_("Paid on"), time_words(payment.captured_at, zone)),
            (_("Order number"), card.ref),
        ],
        columns=_columns(),
        rows=[[_("Gift card"), "1", _money(card.face)]],
        sums=[
            *_paid_and_back(
                [(way_of(payment.provider), card.face)],
                [(way_of(each.provider), each) for each in back.refunds],
                back.taken,
                zone,
            ),
            (_("Paid in all"), _money(back.left)),
        ],
        foot=_("Sold by %(shop)s.") % {"shop": _platform()},
        language=language,
        at=payment.captured_at,
    )
    return pdf_file(f"receipt-{card_ref[-8:]}.pdf", render(sheet))


def _platform() -> str:
    return settings.HUTONG_OPERATOR_NAME or settings.HUTONG_SITE_NAME


def _receipt(request: HttpRequest, order_ref: str) -> Receipt:
    order = orders.order_view(order_ref, person_id=request.user.pk)
    if order is None or order.paid_at is None:
        raise NotFound
    back = money_back.of_order(order_ref, total=order.total)
    return Receipt(
        order=order,
        merchant=merchants.merchant_by_ref(order.merchant_ref),
        store=merchants.store_by_ref(order.store_ref) if order.store_ref else None,
        tax=back.tax,
        paid_with=_paid_with(order),
        refunds=[(way_of(each.provider), each) for each in back.refunds],
        taken=back.taken,
        left=back.left,
    )


def _paid_with(order: OrderView) -> list[tuple[str, Money]]:
    found = [(way_of(GIFT_CARD), order.stored)] if order.stored else []
    rest = order.total - order.stored
    payment = payments.payment_for_order(order.order_ref) if rest else None
    return [*found, (way_of(payment.provider), rest)] if payment else found


def _sheet(found: Receipt) -> Sheet:
    order, language = found.order, get_language() or "en"
    assert order.paid_at is not None, "only what was paid has a receipt"
    store, merchant = found.store, found.merchant
    facts = [
        (_("Shop"), pick(order.merchant_names, language)),
        (_("Company"), merchant.legal_name if merchant else ""),
        (_("Business ID"), merchant.business_id if merchant else ""),
        (_("Address"), ", ".join(part for part in (store.address, store.city) if part) if store else ""),
        (_("Paid on"), time_words(order.paid_at, order.zone)),
        (_("Order number"), order.order_ref),
    ]
    sums = _paid_and_back(found.paid_with, found.refunds, found.taken, order.zone)
    if found.tax:
        sums.append((_("Tax contained"), _money(found.tax)))
    sums.append((_("Paid in all"), _money(found.left)))
    return Sheet(
        title=_("Receipt"),
        sender=pick(order.merchant_names, language),
        facts=facts,
        columns=_columns(),
        rows=[[pick(line.titles, language), str(line.quantity), _money(line.total)] for line in order.lines],
        sums=sums,
        foot=_("Sold by %(shop)s.")
        % {"shop": (merchant and merchant.legal_name) or pick(order.merchant_names, language)},
        language=language,
        at=order.paid_at,
    )


def _columns() -> list[Column]:
    return [
        Column(_("What"), 6),
        Column(_("Quantity"), 1, number=True),
        Column(_("Amount"), 2, number=True),
    ]


def _paid_and_back(
    paid_with: Iterable[tuple[str, Money]],
    refunds: Iterable[tuple[str, RefundView]],
    taken: Iterable[DisputeView],
    zone: str,
) -> list[tuple[str, str]]:
    """How it was paid, what was sent back, and what a bank took back, a line each."""
    sums = [(_("Paid with %(way)s") % {"way": way}, _money(amount)) for way, amount in paid_with]
    for way, refund in refunds:
        on = time_words(refund.done_at or refund.created_at, zone, "date")
        sums.append((_("Refunded on %(day)s to %(way)s") % {"day": on, "way": way}, _money(-refund.amount)))
    for dispute in taken:
        on = time_words(dispute.closed_at or dispute.opened_at, zone, "date")
        sums.append((_("Taken back by your bank on %(day)s") % {"day": on}, _money(-dispute.amount)))
    return sums


def _money(amount: Money) -> str:
    return format_money(amount, locale())
