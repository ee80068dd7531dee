"""The form of a promotion: a shop's, or the platform's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from babel.dates import get_day_names
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.pay.pricing.types import (
    PPM,
    AmountOff,
    Budget,
    BuyGet,
    Effect,
    EffectKind,
    FirstPurchase,
    Issue,
    Lane,
    Limits,
    PercentOff,
    PromotionDraft,
    Reach,
    Window,
)
from hutong.web.shell.promotion_words import ISSUES, SEGMENTS
from hutong.web.shell.templatetags.hutong import locale
from hutong.web.shell.typed import PercentField, minor_units

KINDS = {
    EffectKind.AMOUNT_OFF.value: gettext_lazy("An amount off"),
    EffectKind.PERCENT_OFF.value: gettext_lazy("A percentage off"),
    EffectKind.BUY_GET.value: gettext_lazy("Buy some, get some free"),
}
FIRSTS = {
    "": gettext_lazy("Any order"),
    FirstPurchase.AT_SHOP.value: gettext_lazy("The first in a shop"),
    FirstPurchase.ON_PLATFORM.value: gettext_lazy("The first of all"),
}
_EVERYBODY = "everybody"
_WORDS = {
    "over": gettext_lazy("The last day is past, or before the first."),
    "length": gettext_lazy("A code has 4 to 30 letters and digits."),
    "positive": gettext_lazy("More than nothing."),
    "too_small": gettext_lazy("The budget is less than what one order takes of it."),
    "missing": gettext_lazy("Say it in one language at least."),
}
_FIELD_OF = {"titles": "title_en", "ends_at": "ends_on"}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a promotion is made for: whose it is, its currency and zone, and what may be chosen (ref and name)."""

    merchant_ref: str
    unit: str
    zone: str
    deals: Sequence[tuple[str, str]] = ()
    stores: Sequence[tuple[str, str]] = ()
    categories: Sequence[tuple[str, str]] = ()
    regions: Sequence[tuple[str, str]] = ()

    @property
    def issues(self) -> list[Issue | None]:
        """How people may come by it."""
        own = Issue.SEGMENT if self.merchant_ref else Issue.WELCOME
        return [None, Issue.CLAIM, Issue.CODE, Issue.PURCHASE, own]


def _number(label: Any, help_text: Any = "", most: int = 1_000_000) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=most, help_text=help_text)


def _amount(label: Any, help_text: Any = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(label=label, required=False, max_length=20, help_text=help_text, widget=widget)


def _many() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)


class PromotionForm(forms.Form):
    """A promotion as somebody types it. What does not go with the chosen kind is left alone."""

    title_en = forms.CharField(label=gettext_lazy("Name in English"), required=False, max_length=80)
    title_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), required=False, max_length=80)
    kind = forms.ChoiceField(
        label=gettext_lazy("It takes off"), choices=list(KINDS.items()), widget=forms.RadioSelect
    )
    amount = _amount(gettext_lazy("Amount"))
    percent = PercentField(label=gettext_lazy("Percent"), required=False)
    most = _amount(gettext_lazy("At most"), gettext_lazy("For a percentage. Nothing means without limit."))
    buy = _number(gettext_lazy("Buy"), most=100)
    get = _number(gettext_lazy("Get free"), gettext_lazy("The cheapest ones of them."), most=100)
    issue = forms.ChoiceField(label=gettext_lazy("Who gets it"), widget=forms.RadioSelect)
    code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=30,
        help_text=gettext_lazy("Such as SPRING20. Spaces and capitals do not matter."),
    )
    issue_minimum = _amount(gettext_lazy("For orders of at least"))
    valid_days = _number(
        gettext_lazy("A coupon holds so many days"),
        gettext_lazy("Nothing means until the promotion ends."),
        most=730,
    )
    issue_limit = _number(gettext_lazy("So many coupons in all"))
    coupons_each = _number(gettext_lazy("Coupons for one person"), most=100)
    minimum = _amount(gettext_lazy("From an order of"))
    first = forms.ChoiceField(
        label=gettext_lazy("For"),
        choices=list(FIRSTS.items()),
        required=False,
        help_text=gettext_lazy("What is for a first order each person gets once."),
    )
    weekdays = forms.MultipleChoiceField(
        required=False,
        choices=[(str(day), str(day)) for day in range(7)],
        widget=forms.CheckboxSelectMultiple,
    )
    opens = forms.TimeField(
        label=gettext_lazy("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    closes = forms.TimeField(
        label=gettext_lazy("Until"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    deals, stores, categories, regions, segments = _many(), _many(), _many(), _many(), _many()
    starts_on = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Nothing means until you end it."),
    )
    budget_amount = _amount(
        gettext_lazy("It may cost at most"), gettext_lazy("Then it stops by itself, to the cent.")
    )
    budget_count = _number(gettext_lazy("It may be used so often"))
    per_person = _number(gettext_lazy("Orders of one person"), most=1000)
    alone = forms.BooleanField(label=gettext_lazy("Not together with other discounts"), required=False)

    def __init__(self, ground: Ground, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ground = ground
        self._choices(
            "issue", [(issue.value if issue else _EVERYBODY, ISSUES[issue]) for issue in ground.issues]
        )
        for name in ("deals", "stores", "categories", "regions"):
            self._choices(name, getattr(ground, name))
        segments = SEGMENTS.items() if ground.merchant_ref else ()
        self._choices("segments", [(each.value, words) for each, words in segments])

    @property
    def days(self) -> list[tuple[str, str, bool]]:
        """The days of the week: value, short name, and whether it is chosen; 0 is Monday."""
        names = get_day_names("abbreviated", locale=locale())
        chosen = self["weekdays"].value() or []
        return [(str(day), names[day], str(day) in chosen) for day in range(7)]

    def draft(self, at: datetime) -> PromotionDraft | None:
        """What was typed; None where a field cannot be read, which then says so."""
        if not self.is_valid():
            return None
        told = self.cleaned_data
        issue = None if told["issue"] == _EVERYBODY else Issue(told["issue"])
        effect = self._effect(told)
        money = {name: self._money(name) for name in ("minimum", "issue_minimum", "budget_amount")}
        windows = self._windows(told)
        if self.errors or effect is None:
            return None
        today = clock.local(at, self.ground.zone).date()
        return PromotionDraft(
            titles={
                language: told[name]
                for language, name in (("en", "title_en"), ("zh-Hans", "title_zh"))
                if told[name]
            },
            lane=self._lane(issue),
            effect=effect,
            starts_at=at if told["starts_on"] == today else self._day(told["starts_on"]),
            ends_at=self._day(told["ends_on"] + timedelta(days=1)) if told["ends_on"] else None,
            merchant_ref=self.ground.merchant_ref,
            reach=Reach(
                offer_refs=frozenset(told["deals"]),
                categories=frozenset(told["categories"]),
            ),
            limits=Limits(
                minimum=money["minimum"],
                windows=windows,
                region_refs=frozenset(told["regions"]),
                store_refs=frozenset(told["stores"]),
                segments=frozenset(told["segments"]),
                first=FirstPurchase(told["first"]) if told["first"] else None,
            ),
            alone=told["alone"],
            budget=Budget(money["budget_amount"], told["budget_count"]),
            per_person=told["per_person"],
            issue=issue,
            code=told["code"] if issue is Issue.CODE else "",
            issue_minimum=money["issue_minimum"] if issue is Issue.PURCHASE else None,
            issue_limit=told["issue_limit"] if issue else None,
            coupons_each=(told["coupons_each"] or 1) if issue else 1,
            valid_days=told["valid_days"] if issue else None,
        )

    def refuse(self, error: DomainError) -> None:
        """Put what a service says where it belongs."""
        faults: Mapping[str, str] = error.details.get("faults", {})
        for name, fault in faults.items():
            field = _FIELD_OF.get(name, name)
            self.add_error(field if field in self.fields else None, str(_WORDS.get(fault, error)))
        if not faults:
            self.add_error("code" if error.code == "promotion_code_taken" else None, str(error))

    def _lane(self, issue: Issue | None) -> Lane:
        if self.ground.merchant_ref:
            return Lane.SHOP_COUPON if issue else Lane.SHOP_PROMOTION
        return Lane.PLATFORM_COUPON if issue else Lane.PLATFORM_PROMOTION

    def _effect(self, told: Mapping[str, Any]) -> Effect | None:
        missing = _("Please fill this in.")
        match EffectKind(told["kind"]):
            case EffectKind.AMOUNT_OFF:
                amount = self._money("amount")
                if amount is not None and amount.minor > 0:
                    return AmountOff(amount)
                self.add_error("amount", missing)
            case EffectKind.PERCENT_OFF:
                most = self._money("most")
                if told["percent"]:
                    return PercentOff(told["percent"], most or None)
                self.add_error("percent", missing)
            case EffectKind.BUY_GET:
                if told["buy"] and told["get"]:
                    return BuyGet(told["buy"], told["get"], PPM)
                self.add_error("buy" if not told["buy"] else "get", missing)
        return None

    def _windows(self, told: Mapping[str, Any]) -> tuple[Window, ...]:
        if (told["opens"] is None) != (told["closes"] is None):
            self.add_error("closes", _("Fill in both hours, or none."))
            return ()
        weekdays = frozenset(int(day) for day in told["weekdays"])
        if not weekdays and told["opens"] is None:
            return ()
        return (Window(weekdays, told["opens"] or time.min, told["closes"] or time.min),)

    def _money(self, name: str) -> Money | None:
        try:
            minor = minor_units(self.cleaned_data.get(name) or "", self.ground.unit)
        except forms.ValidationError as error:
            self.add_error(name, error)
            return None
        return None if minor is None else Money(minor, self.ground.unit)

    def _day(self, day: date) -> datetime:
        return clock.day_bounds(day, self.ground.zone)[0]

    def _choices(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)
