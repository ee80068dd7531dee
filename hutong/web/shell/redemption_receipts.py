"""The receipt of a redemption, the same for the shopper and for the shop: on the page, and as a PDF."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.kernel.money import Money, format_money
from hutong.kernel.text import pick
from hutong.pay.orders import queries as orders
from hutong.visit.vouchers.types import VoucherKind
from hutong.visit.vouchers.types.receipts import RedemptionReceipt
from hutong.web.shell.pdf import Column, Sheet, pdf_file, render
from hutong.web.shell.templatetags.hutong import locale, time_words


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """A receipt with what its uses were paid with; None for who may not see that, or where a pass was shown again."""

    receipt: RedemptionReceipt
    paid: Money | None


def with_money(receipt: RedemptionReceipt, *, money: bool) -> ShownReceipt:
    """The receipt, and its amount for who may see it: one statement of the orders."""
    paid = None
    if money and receipt.unit_refs:
        units = orders.units(list(receipt.unit_refs))
        if units:
            paid = sum((unit.paid for unit in units[1:]), units[0].paid)
    return ShownReceipt(receipt=receipt, paid=paid)


def as_file(shown: ShownReceipt) -> HttpResponse:
    """The same as a PDF."""
    return pdf_file(f"redemption-{shown.receipt.ref[-8:]}.pdf", render(_sheet(shown)))


def _sheet(shown: ShownReceipt) -> Sheet:
    receipt, language = shown.receipt, get_language() or "en"
    facts = [
        (_("Shop"), pick(receipt.store_names, language)),
        (_("Address"), receipt.address),
        (_("Used on"), time_words(receipt.at, receipt.zone)),
        (_("Redeemed by"), receipt.device_name or receipt.staff_name or _("Staff")),
        (_("Redemption"), receipt.ref),
    ]
    if receipt.undone_at:
        facts.append((_("Undone"), time_words(receipt.undone_at, receipt.zone)))
    sums = []
    if receipt.bill:
        sums.append((_("Amount of the bill"), _money(receipt.bill)))
    if receipt.kind is not VoucherKind.PASS:
        left = {"left": receipt.uses_left, "total": receipt.uses_total}
        sums.append((_("Left on the voucher now"), _("%(left)s of %(total)s") % left))
    if shown.paid is not None:
        sums.append((_("Paid for what was used"), _money(shown.paid)))
    chosen = [pick(choice, language) for choice in receipt.choices]
    title = pick(receipt.titles, language)
    return Sheet(
        title=_("Redemption, undone") if receipt.undone_at else _("Redemption"),
        sender=pick(receipt.merchant_names, language),
        facts=facts,
        columns=[Column(_("What"), 6), Column(_("Uses"), 1, number=True)],
        rows=[[" · ".join([title, *chosen]), str(len(receipt.uses))]],
        sums=sums,
        foot=_("Redeemed at %(shop)s.") % {"shop": pick(receipt.store_names, language)},
        language=language,
        at=receipt.at,
    )


def _money(amount: Money) -> str:
    return format_money(amount, locale())
