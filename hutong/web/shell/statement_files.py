"""A merchant's statement as a table for spreadsheets and as a PDF, in the reader's language."""

from collections.abc import Sequence

from babel.dates import format_date
from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from hutong.flows.statements import Line, Statement
from hutong.kernel.clock import local
from hutong.kernel.money import Money, format_amount, format_money
from hutong.kernel.text import pick
from hutong.pay.settlement.types import AdjustmentReason, LineKind
from hutong.web.shell.pdf import Column, Sheet, pdf_file, render
from hutong.web.shell.spreadsheet import csv_file, plain
from hutong.web.shell.templatetags.hutong import locale, time_words

MOST_IN_PDF = 1000
"""Lines of a PDF: setting one takes a millisecond or more. The sums are of all lines, and the table has them all."""


def kind_words(line: Line) -> str:
    """What a line is, in words."""
    if line.entry.kind is LineKind.ADJUSTED:
        return {
            AdjustmentReason.DISPUTE.value: _("Chargeback"),
            AdjustmentReason.PROVIDER_FEE.value: _("Fee of the payment service"),
            AdjustmentReason.CORRECTION.value: _("Correction"),
        }[line.entry.reason]
    return {
        LineKind.REDEEMED: _("Redeemed"),
        LineKind.UNDONE: _("Undone or refunded"),
        LineKind.PAID_OUT: _("Payout"),
        LineKind.BOUNCED: _("Payout came back"),
    }[line.entry.kind]


def title_of(statement: Statement) -> str:
    """`Statement, June 2026`, or that of a payout by its day."""
    if statement.month is not None:
        pattern = "yyyy年M月" if locale().startswith("zh") else "MMMM y"
        return _("Statement, %(span)s") % {"span": format_date(statement.month, pattern, locale=locale())}
    day = local(statement.ends_at, statement.zone).date()
    return _("Payout of %(day)s") % {"day": format_date(day, "medium", locale=locale())}


def file_name(statement: Statement, ending: str) -> str:
    """A name that sorts: `statement-2026-06-EUR.pdf`, `payout-2026-06-04-EUR.csv`."""
    if statement.month is not None:
        return f"statement-{statement.month:%Y-%m}-{statement.unit}.{ending}"
    day = local(statement.ends_at, statement.zone).date()
    return f"payout-{day.isoformat()}-{statement.unit}.{ending}"


def statement_csv(statement: Statement) -> HttpResponse:
    """Every line of a statement, as spreadsheets open it: UTF-8 with its mark, amounts with a point."""
    heads = [
        _("Time"), _("What"), _("Deal"), _("Store"), _("Order"), _("Sold for"), _("Commission"),
        _("Tax on it"), _("Payment fee"), _("Amount"), _("Currency"), _("Note"), _("Number"),
    ]  # fmt: skip
    language = get_language() or "en"
    lines = [
        [
            local(line.entry.at, statement.zone).strftime("%Y-%m-%d %H:%M:%S"),
            kind_words(line),
            plain(pick(line.titles, language)),
            plain(pick(line.store_names, language)),
            line.order_ref,
            _plain_money(line.entry.gross),
            _plain_money(line.entry.commission),
            _plain_money(line.entry.commission_tax),
            _plain_money(line.entry.provider_fee),
            line.entry.amount.major_text,
            statement.unit,
            plain(line.entry.note),
            line.entry.ref,
        ]
        for line in statement.lines
    ]
    blank = [""] * 7
    if statement.month is not None:
        lines.insert(
            0, ["", _("Balance before"), *blank, statement.opening.major_text, statement.unit, "", ""]
        )
        lines.append(["", _("Balance after"), *blank, statement.closing.major_text, statement.unit, "", ""])
    return csv_file(file_name(statement, "csv"), heads, lines)


def statement_pdf(statement: Statement) -> HttpResponse:
    """A statement to keep and to print."""
    language = get_language() or "en"
    sheet = Sheet(
        title=title_of(statement),
        sender=settings.HUTONG_OPERATOR_NAME or settings.HUTONG_SITE_NAME,
        facts=_facts(statement, language),
        columns=[
            Column(_("Time"), 2.8),
            Column(_("What"), 4.6),
            Column(_("Sold for"), 1.7, number=True),
            Column(_("Commission"), 1.7, number=True),
            Column(_("Tax on it"), 1.5, number=True),
            Column(_("Payment fee"), 1.6, number=True),
            Column(_("Amount"), 1.9, number=True),
        ],
        rows=_rows(statement, language),
        sums=sums_of(statement),
        foot=_("Amounts in %(unit)s, times of %(zone)s.") % {"unit": statement.unit, "zone": statement.zone},
        language=language,
        at=statement.ends_at,
    )
    return pdf_file(file_name(statement, "pdf"), render(sheet))


def sums_of(statement: Statement) -> list[tuple[str, str]]:
    """What a statement adds up to, label by label; the last is what counts."""
    sums = statement.sums
    found = [
        (_("Sold for"), sums.gross),
        (_("Commission"), -sums.commission),
        (_("Tax on commission"), -sums.commission_tax),
        (_("Fees of payment services"), -sums.provider_fee),
        (_("Adjustments"), sums.adjusted),
    ]
    shown = [(label, amount) for label, amount in found if amount or label == found[0][0]]
    if statement.month is None:
        came_back = sum(
            (line.entry.amount for line in statement.lines if line.entry.kind is LineKind.BOUNCED),
            Money(0, statement.unit),
        )
        if came_back:
            shown.append((_("Payouts that came back"), came_back))
        shown.append((_("Paid out"), sums.net + sums.adjusted + came_back))
    else:
        shown = [(_("Balance before"), statement.opening), *shown]
        shown += [(_("Paid out"), -sums.paid_out), (_("Balance after"), statement.closing)]
    return [(label, format_money(amount, locale())) for label, amount in shown]


def _facts(statement: Statement, language: str) -> list[tuple[str, str]]:
    payout = statement.payout
    facts = [
        (_("Merchant"), pick(statement.merchant_names, language)),
        (_("Company"), statement.legal_name),
        (_("Business ID"), statement.business_id),
    ]
    if payout is not None:
        facts += [
            (_("Account"), f"{payout.details.holder}, {payout.details.masked}"),
            (_("Reference"), payout.ref),
        ]
    return facts


def _rows(statement: Statement, language: str) -> list[Sequence[str]]:
    found = [_cells(line, statement.zone, language) for line in statement.lines[:MOST_IN_PDF]]
    left_out = len(statement.lines) - len(found)
    if left_out:
        words = ngettext("%(n)s more line is in the table.", "%(n)s more lines are in the table.", left_out)
        found.append(["", words % {"n": left_out}, *[""] * 5])
    return found


def _cells(line: Line, zone: str, language: str) -> Sequence[str]:
    name = pick(line.titles, language) or line.entry.note or line.entry.ref
    store = pick(line.store_names, language)
    words = " · ".join(part for part in (kind_words(line), name, store) if part)
    return [
        time_words(line.entry.at, zone),
        words,
        *(
            format_amount(amount, locale()) if amount is not None else ""
            for amount in (
                line.entry.gross,
                line.entry.commission,
                line.entry.commission_tax,
                line.entry.provider_fee,
                line.entry.amount,
            )
        ),
    ]


def _plain_money(amount: Money | None) -> str:
    return amount.major_text if amount is not None else ""
