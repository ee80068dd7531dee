"""Promotions as a shop and the platform run them: lists, the form, one promotion with what it cost and brought."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import format_date
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.types import Budget, PromotionReport, PromotionState, PromotionView
from hutong.town.people.services import Person
from hutong.web.shell import promotion_words as words
from hutong.web.shell.promotion_form import Ground, PromotionForm
from hutong.web.shell.templatetags.hutong import locale
from hutong.web.shell.typed import minor_units


@dataclass(frozen=True, slots=True)
class PromotionLine:
    """A promotion as pages show it: its words, where it stands, and its report."""

    promotion: PromotionView
    report: PromotionReport
    at: datetime

    @property
    def worth(self) -> str:
        """The shortest word for what it takes off."""
        return words.worth(self.promotion.rule)

    @property
    def effect(self) -> str:
        """What it takes off, in a sentence."""
        return words.effect(self.promotion.rule)

    @property
    def limits(self) -> list[str]:
        """When and for whom it holds."""
        return words.limits(self.promotion.rule)

    @property
    def issue(self) -> str:
        """Who gets it."""
        return str(words.ISSUES[self.promotion.issue])

    @property
    def over(self) -> bool:
        """Whether it holds no more, by its last day or because it was ended."""
        ends_at = self.promotion.rule.ends_at
        return self.promotion.state is PromotionState.ENDED or (ends_at is not None and ends_at <= self.at)

    @property
    def state(self) -> tuple[str, str, str]:
        """Kind, icon and word of where it stands."""
        if self.over:
            kind, icon, label = words.STATES[PromotionState.ENDED]
        elif self.promotion.state is PromotionState.LIVE and self.promotion.rule.starts_at > self.at:
            kind, icon, label = "info", "calendar", _("Planned")
        elif self.promotion.state is PromotionState.LIVE and (self.promotion.share_used or 0) >= 100:
            kind, icon, label = "wait", "hourglass", _("Used up")
        else:
            kind, icon, label = words.STATES[self.promotion.state]
        return kind, icon, str(label)


def lines(ground: Ground, at: datetime) -> list[PromotionLine]:
    """All promotions of a shop or of the platform, those that hold first. Two statements."""
    found = queries.promotions_of(ground.merchant_ref)
    reports = queries.reports([each.promotion_id for each in found], unit=ground.unit)
    made = [PromotionLine(each, reports[each.promotion_id], at) for each in found]
    return sorted(made, key=lambda line: line.over)


def line_of(ground: Ground, ref: str, at: datetime) -> PromotionLine:
    """One promotion of theirs. Raises Http404 for another's."""
    found = queries.promotion_by_ref(ref)
    if found is None or found.merchant_ref != ground.merchant_ref:
        raise Http404
    reports = queries.reports([found.promotion_id], unit=ground.unit)
    return PromotionLine(found, reports[found.promotion_id], at)


def totals(found: list[PromotionLine], unit: str) -> dict[str, Any]:
    """What all of them cost and brought, and how many orders they counted in."""
    nothing = Money(0, unit)
    return {
        "cost": sum((line.report.cost for line in found), nothing),
        "used": sum(line.report.used for line in found),
        "running": sum(line.state[0] == "good" for line in found),
    }


def form_of(request: HttpRequest, ground: Ground, at: datetime) -> PromotionForm:
    """The form as it was sent, or one to begin with: an amount off for everybody from today on."""
    if request.method == "POST":
        return PromotionForm(ground, request.POST)
    today = clock.local(at, ground.zone).date()
    initial = {"kind": "amount_off", "issue": "everybody", "starts_on": today.isoformat(), "coupons_each": 1}
    return PromotionForm(ground, initial=initial)


def make(form: PromotionForm, by: Person, at: datetime) -> str | None:
    """Make what was typed; its ref, or None where the form says what is wrong."""
    draft = form.draft(at)
    if draft is None:
        return None
    try:
        return services.make_promotion(draft=draft, by=by, at=at)
    except DomainError as error:
        form.refuse(error)
        return None


def change(request: HttpRequest, ground: Ground, ref: str, by: Person, at: datetime) -> None:
    """Do what a button of the page says: pause, resume, end, or another budget; the answer is a message."""
    wanted, said = request.POST.get("do", ""), ""
    merchant_ref = ground.merchant_ref
    try:
        if wanted in ("pause", "resume"):
            on = wanted == "resume"
            services.switch_promotion(ref=ref, merchant_ref=merchant_ref, on=on, by=by, at=at)
            said = _("It is on again.") if on else _("It is paused.")
        elif wanted == "end":
            services.end_promotion(ref=ref, merchant_ref=merchant_ref, by=by, at=at)
            said = _("It has ended.")
        elif wanted == "budget":
            budget = _budget(request, ground, ref, at)
            services.change_budget(ref=ref, merchant_ref=merchant_ref, budget=budget, by=by, at=at)
            said = _("The budget is saved.")
        else:
            raise Http404
    except forms.ValidationError as error:
        messages.error(request, error.messages[0])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)


def _budget(request: HttpRequest, ground: Ground, ref: str, at: datetime) -> Budget:
    """The budget that was typed, in the parts the promotion has one. Raises ValidationError."""
    had = line_of(ground, ref, at).promotion.budget
    amount, count = had.amount, had.count
    if amount is not None:
        minor = minor_units(request.POST.get("budget_amount", "")[:20], amount.unit)
        amount = Money(minor, amount.unit) if minor else amount
    typed = request.POST.get("budget_count", "").strip()
    if count is not None and typed:
        if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
            raise forms.ValidationError(_("Write a whole number."))
        count = int(typed)
    return Budget(amount, count)


def chart(line: PromotionLine, zone: str) -> tuple[str, list[tuple[Any, int, Money]]]:
    """How often it was used day by day: the option of the chart, and the rows of its table."""
    days = queries.used_by_day(line.promotion.promotion_id, zone=zone)
    unit = line.report.cost.unit
    pattern = "M/d" if (get_language() or "en").startswith("zh") else "d/M"
    option = {
        "grid": {"left": 8, "right": 8, "top": 12, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "none"}},
        "xAxis": {
            "type": "category",
            "data": [format_date(day, pattern, locale=locale()) for day, _used, _cost in days],
            "axisLabel": {"fontSize": 11, "hideOverlap": True},
        },
        "yAxis": {"type": "value", "minInterval": 1, "splitNumber": 4},
        "series": [
            {
                "name": _("Orders"),
                "type": "bar",
                "data": [used for _day, used, _cost in days],
                "itemStyle": {"color": "$primary"},
                "barMaxWidth": 28,
            }
        ],
    }
    return json.dumps(option), [(day, used, Money(cost, unit)) for day, used, cost in days]
