"""The shop's money: what was earned, what is owed and when it comes, payouts, statements, the bank account."""

from datetime import date, datetime, timedelta
from typing import Any

from babel import Locale
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import payouts, statements, transfers
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.settlement import queries as settlement
from hutong.pay.settlement.services import BankAccountInvalid
from hutong.pay.settlement.types import BankAccount, PayoutState, Terms
from hutong.town.merchants.types import Right
from hutong.town.people.queries import named as people_named
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.charts import earned_by_day
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.today import day_rows
from hutong.web.shell.statement_files import kind_words, statement_csv, statement_pdf, sums_of, title_of
from hutong.web.shell.templatetags.hutong import locale

CHART_DAYS = 30
MOST_LINES = 100
FILES = {"csv": statement_csv, "pdf": statement_pdf}


class BankForm(forms.Form):
    """Where the money goes. What is wrong with it the service says."""

    holder = forms.CharField(label=gettext_lazy("In whose name"), max_length=70)
    country = forms.ChoiceField(label=gettext_lazy("Country of the bank"))
    iban = forms.CharField(
        label=gettext_lazy("IBAN"),
        required=False,
        max_length=50,
        help_text=gettext_lazy("Where the bank has one: all of Europe, and many other countries."),
    )
    account_number = forms.CharField(
        label=gettext_lazy("Account number, without an IBAN"), required=False, max_length=50
    )
    bank_code = forms.CharField(
        label=gettext_lazy("Code of the bank, without an IBAN"),
        required=False,
        max_length=30,
        help_text=gettext_lazy("In China the 12 digits of the branch (CNAPS); elsewhere the routing number."),
    )
    bic = forms.CharField(label=gettext_lazy("BIC"), required=False, max_length=20)
    alipay = forms.CharField(
        label=gettext_lazy("Your account at Alipay"),
        required=False,
        max_length=100,
        help_text=gettext_lazy(
            "The e-mail address or phone number by which you sign in there; yuan arrive there at once. "
            "Leave the bank account below empty then."
        ),
    )
    stripe = forms.CharField(
        label=gettext_lazy("Your account at Stripe"),
        required=False,
        max_length=100,
        help_text=gettext_lazy(
            "Its id (acct_...), which the people who run this site can tell you. "
            "Leave the bank account below empty then."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Yuan are what Alipay sends; Stripe sends every currency.
        for kind in {"alipay", "stripe"} - transfers.through("CNY").keys():
            del self.fields[kind]
        names = Locale.parse(locale()).territories
        found = sorted((str(name), code) for code, name in names.items() if len(code) == 2 and code.isalpha())
        self.fields["country"].choices = [(code, name) for name, code in found]  # type: ignore[attr-defined]


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def money(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What is owed, what was earned lately, the last payouts, and the months."""
    at, unit = clock.now(), _unit(request, desk)
    terms = settlement.terms_of(desk.merchant_ref, unit=unit, site=payouts.site_terms())
    claim = settlement.claim(desk.merchant_ref, unit=unit, holdback_days=settings.HUTONG_HOLDBACK_DAYS, at=at)
    ways = [each.amount for each in settlement.on_their_way([desk.merchant_ref]) if each.amount.unit == unit]
    found = settlement.payouts_of(desk.merchant_ref, limit=24)
    waits = [each.amount for each in found if each.state is PayoutState.PENDING and each.amount.unit == unit]
    prepared = sum(waits, Money(0, unit))
    account = settlement.account_of(desk.merchant_ref)
    kept = settlement.kept_of([each.ref for each in found])
    context = {
        "unit": unit,
        "units": _units(desk),
        "claim": claim,
        "prepared": prepared,
        "ready": claim.due + prepared,
        "held": claim.balance - claim.due - prepared,
        "on_its_way": sum(ways, Money(0, unit)),
        "terms": terms,
        "paid_from": _paid_from(account, terms, claim.due + prepared),
        "account": account,
        "cooling": _cooling(desk, at),
        "payouts": [(each, *kept.get(each.ref, (None, None))) for each in found],
        "months": statements.months_of(desk.merchant_ref, unit=unit, at=at)[:24],
        "may_change": _may_change(desk),
        **_takings(desk, unit, at),
    }
    return merchant_page(request, desk, "merchant/money.html", context, tab="money")


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def statement(request: HttpRequest, desk: Desk, month: str) -> HttpResponse:
    """The statement of a month; the first lines of it, all of them in the files."""
    return _statement_page(request, desk, _of_month(request, desk, month))


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def statement_file(request: HttpRequest, desk: Desk, month: str, ending: str) -> HttpResponse:
    """The statement of a month as a table or a PDF."""
    return _file(_of_month(request, desk, month), ending)


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def payout(request: HttpRequest, desk: Desk, payout_ref: str) -> HttpResponse:
    """One payout and what it was made of."""
    found = settlement.payout(payout_ref, merchant_ref=desk.merchant_ref)
    if found is None or found.state is PayoutState.DROPPED:
        raise Http404
    if found.sent_at is None:
        return merchant_page(request, desk, "merchant/payout_waits.html", {"payout": found}, tab="money")
    return _statement_page(request, desk, statements.of_payout(payout_ref, merchant_ref=desk.merchant_ref))


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def payout_file(_request: HttpRequest, desk: Desk, payout_ref: str, ending: str) -> HttpResponse:
    """The statement of a payout as a table or a PDF."""
    return _file(statements.of_payout(payout_ref, merchant_ref=desk.merchant_ref), ending)


@needs(Right.SEE_MONEY, everywhere=True)
@require_safe
def bank(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The bank account, masked, and for an owner the way to another one."""
    return _bank_page(request, desk, BankForm(initial={"country": _country(desk)}))


@needs(Right.MANAGE_MERCHANT, everywhere=True)
@require_POST
def set_bank(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Pay to this account from now on."""
    form = BankForm(request.POST)
    if not form.is_valid():
        return _bank_page(request, desk, form, status=422)
    assert desk.person is not None, "only people hold this right"
    try:
        made = payouts.set_account(
            merchant_ref=desk.merchant_ref, typed=form.cleaned_data, by=desk.person, at=clock.now()
        )
    except BankAccountInvalid as error:
        fault = str(error.details["fault"])
        form.add_error(
            {"iban_country": "iban", "iban_needed": "iban", "number": "account_number"}.get(fault, fault),
            str(error),
        )
        return _bank_page(request, desk, form, status=422)
    messages.success(request, _("Saved: %(account)s.") % {"account": made.details.masked})
    return redirect("merchant_bank")


def _bank_page(request: HttpRequest, desk: Desk, form: BankForm, status: int = 200) -> HttpResponse:
    known = settlement.accounts_of(desk.merchant_ref)
    people = people_named([known[0].created_by] if known else [])
    context = {
        "form": form if _may_change(desk) else None,
        "account": known[0] if known else None,
        "former": known[1:],
        "changed_by": people[known[0].created_by].name if known and known[0].created_by in people else "",
        "cooling": _cooling(desk, clock.now()),
        "cooling_days": settings.HUTONG_PAYOUT_COOLING_DAYS,
        "open": form.is_bound or not known,
    }
    return merchant_page(request, desk, "merchant/bank.html", context, tab="money", status=status)


def _statement_page(request: HttpRequest, desk: Desk, found: statements.Statement) -> HttpResponse:
    context = {
        "statement": found,
        "title": title_of(found),
        "sums": sums_of(found),
        "lines": [(line, kind_words(line)) for line in found.lines[:MOST_LINES]],
        "more": max(0, len(found.lines) - MOST_LINES),
        "month": f"{found.month:%Y-%m}" if found.month else "",
    }
    return merchant_page(request, desk, "merchant/statement.html", context, tab="money")


def _file(found: statements.Statement, ending: str) -> HttpResponse:
    if ending not in FILES:
        raise Http404
    return FILES[ending](found)


def _of_month(request: HttpRequest, desk: Desk, month: str) -> statements.Statement:
    try:
        day = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Http404 from error
    return statements.of_month(desk.merchant_ref, unit=_unit(request, desk), month=day, at=clock.now())


def _takings(desk: Desk, unit: str, at: datetime) -> dict[str, Any]:
    """What was earned day by day, over all stores, and in short. The days of the chosen store's zone."""
    today = clock.local(at, desk.store.zone).date()
    first_on = min(today - timedelta(days=CHART_DAYS - 1), today.replace(day=1))
    days = settlement.daily(
        desk.merchant_ref, unit=unit, zone=desk.store.zone, first_on=first_on, last_on=today
    )

    def total(since: date) -> dict[str, Any]:
        chosen = [earned for day, earned in days if day >= since]
        nothing = Money(0, unit)
        return {
            "units": sum(earned.units for earned in chosen),
            "gross": sum((earned.gross for earned in chosen), nothing),
            "net": sum((earned.net for earned in chosen), nothing),
        }

    shown = days[-CHART_DAYS:]
    return {
        "spans": [
            (_("Today"), total(today)),
            (_("Last 7 days"), total(today - timedelta(days=6))),
            (_("This month"), total(today.replace(day=1))),
        ],
        "chart": earned_by_day(shown, unit=unit),
        "days": day_rows(shown),
        "earned": sum((earned.net for _day, earned in shown), Money(0, unit)),
    }


def _units(desk: Desk) -> list[str]:
    return settlement.units_owed(desk.merchant_ref) or [desk.store.currency]


def _unit(request: HttpRequest, desk: Desk) -> str:
    """The currency asked for, where something was ever owed in it; else the store's, else the first."""
    units = _units(desk)
    wanted = request.GET.get("unit", desk.store.currency)
    return wanted if wanted in units else units[0]


def _paid_from(account: BankAccount | None, terms: Terms, ready: Money) -> Money | None:
    """From what amount on the merchant is paid; what its payment service can send at all is told where it is too little."""
    least = transfers.least(ready.unit).get(account.details.kind.value, 0) if account else 0
    minor = max(terms.minimum, least if ready.minor < least else 0)
    return Money(minor, ready.unit) if minor else None


def _cooling(desk: Desk, at: datetime) -> datetime | None:
    """Until when nothing is paid to a new account; None where it is paid to."""
    account = settlement.account_of(desk.merchant_ref)
    return account.usable_at if account is not None and account.usable_at > at else None


def _may_change(desk: Desk) -> bool:
    return desk.may(Right.MANAGE_MERCHANT, everywhere=True) and desk.person is not None and not desk.acting


def _country(desk: Desk) -> str:
    account = settlement.account_of(desk.merchant_ref)
    return (account.details.country if account else "") or settings.HUTONG_PHONE_COUNTRY
