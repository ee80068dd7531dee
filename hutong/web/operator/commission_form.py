"""The form of a commission rule: what it is for, what it asks, from when until when."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.money import Money
from hutong.kernel.text import pick
from hutong.pay.fees.rules import MOST_MONTHS
from hutong.pay.fees.services import NOTE_LIMIT
from hutong.pay.fees.types import Bearer, Reach, Rule, RuleDraft, Terms
from hutong.town.catalog.types import OfferView
from hutong.town.merchants.types import CategoryView, MerchantView
from hutong.town.regions.types import RegionView
from hutong.web.shell.typed import PercentField, minor_units, typed_percent

# Where the service's words about a field belong on the form.
FIELDS = {
    "rate": "percent",
    "provider_rate": "provider_percent",
    "tax": "tax_percent",
    "unit": "fixed",
    "merchant": None,
}


@dataclass(frozen=True, slots=True)
class About:
    """What a rule can be for, and what is settled before the form: a merchant, or the rule that is changed."""

    regions: list[RegionView]
    categories: list[CategoryView]
    language: str
    zone: str
    merchant: MerchantView | None = None
    offers: tuple[OfferView, ...] = ()
    changed: Rule | None = None

    def zone_of(self, reach: Reach) -> str:
        """The zone in which a rule's days begin and end."""
        region = self._region(reach)
        return region.zone if region else self.zone

    def unit_of(self, reach: Reach) -> str:
        """The currency of a rule's amounts."""
        for offer in self.offers:
            if offer.ref == reach.offer_ref:
                return offer.price.unit
        region = self._region(reach)
        return region.currency if region else ""

    def _region(self, reach: Reach) -> RegionView | None:
        named = [region for region in self.regions if region.ref == reach.region_ref]
        home = self.merchant.region_id if self.merchant else None
        named += [region for region in self.regions if region.region_id == home]
        return next(iter([*named, *self.regions]), None)


class RuleForm(forms.Form):
    """A rule as an operator types it."""

    region = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    offer = forms.ChoiceField(label=gettext_lazy("Deal"), required=False)
    percent = PercentField(
        label=gettext_lazy("Percent of the price"),
        required=False,
        help_text=gettext_lazy("Such as 8 or 8.5. Nothing means 0."),
    )
    fixed = forms.CharField(
        label=gettext_lazy("And for each use"),
        required=False,
        max_length=20,
        help_text=gettext_lazy("An amount that comes on top, for each use that is sold."),
    )
    minimum = forms.CharField(
        label=gettext_lazy("At least, for each use"),
        required=False,
        max_length=20,
        help_text=gettext_lazy("Taken where percent and amount come to less."),
    )
    free_months = forms.IntegerField(
        label=gettext_lazy("Free months"),
        required=False,
        min_value=0,
        max_value=MOST_MONTHS,
        help_text=gettext_lazy("Counted from the day a shop was approved first."),
    )
    tax_percent = PercentField(
        label=gettext_lazy("Tax on the commission, in percent"),
        required=False,
        help_text=gettext_lazy("Leave it empty to take the rate of the next more general rule."),
    )
    bearer = forms.ChoiceField(
        label=gettext_lazy("Who bears the payment service's fee"),
        choices=[
            (Bearer.PLATFORM.value, gettext_lazy("The platform")),
            (Bearer.MERCHANT.value, gettext_lazy("The shop, at the rate below")),
        ],
    )
    provider_percent = PercentField(label=gettext_lazy("Fee in percent of the price"), required=False)
    provider_fixed = forms.CharField(
        label=gettext_lazy("And for each line of an order"), required=False, max_length=20
    )
    starts_on = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Nothing means until it is ended."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=NOTE_LIMIT)

    def __init__(self, about: About, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.about = about
        self._choices("region", [(each.ref, pick(each.names, about.language)) for each in about.regions])
        self._choices("category", list(self._categories()))
        self._choices("offer", [(each.ref, pick(each.titles, about.language)) for each in about.offers])
        if about.changed:
            for name in ("region", "category", "offer"):
                del self.fields[name]
        elif not about.offers:
            del self.fields["offer"]

    def draft(self, at: datetime) -> RuleDraft | None:
        """What was typed; None where a field cannot be read, which then says so."""
        if not self.is_valid():
            return None
        told = self.cleaned_data
        reach = self._reach()
        zone, unit = self.about.zone_of(reach), self.about.unit_of(reach)
        amounts = {name: self._amount(name, unit) for name in ("fixed", "minimum", "provider_fixed")}
        if self.errors:
            return None
        terms = Terms(
            rate_ppm=told["percent"] or 0,
            fixed=amounts["fixed"],
            minimum=amounts["minimum"],
            unit=unit if any(amounts.values()) else "",
            free_months=told["free_months"] or 0,
            bearer=Bearer(told["bearer"]),
            provider_rate_ppm=told["provider_percent"] or 0,
            provider_fixed=amounts["provider_fixed"],
            tax_ppm=told["tax_percent"],
        )
        first = self._day(told["starts_on"], zone)
        today = clock.local(at, zone).date()
        return RuleDraft(
            reach=reach,
            terms=terms,
            starts_at=at if told["starts_on"] == today else first,
            ends_at=self._day(told["ends_on"] + timedelta(days=1), zone) if told["ends_on"] else None,
            note=told["note"],
        )

    def refuse(self, error: DomainError) -> None:
        """Put what a service says where it belongs."""
        field = FIELDS.get(str(error.details.get("field", "")), error.details.get("field"))
        if error.code == "commission_span_empty":
            field = "starts_on"
        self.add_error(field if field in self.fields else None, str(error))

    def digest(self) -> str:
        """Names what was typed, so that what is saved is what was tried."""
        told = [f"{name}={self.cleaned_data.get(name)}" for name in sorted(self.fields) if name != "note"]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]

    def _reach(self) -> Reach:
        if self.about.changed:
            return self.about.changed.reach
        told = self.cleaned_data
        merchant_ref = self.about.merchant.ref if self.about.merchant else ""
        if told.get("offer"):
            return Reach(merchant_ref=merchant_ref, offer_ref=told["offer"])
        return Reach(region_ref=told["region"], merchant_ref=merchant_ref, category=told["category"])

    def _amount(self, name: str, unit: str) -> int:
        try:
            return minor_units(self.cleaned_data[name], unit) or 0
        except forms.ValidationError as error:
            self.add_error(name, error)
            return 0

    @staticmethod
    def _day(day: date, zone: str) -> datetime:
        return clock.day_bounds(day, zone)[0]

    def _choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All")), *choices]

    def _categories(self) -> Any:
        for group in self.about.categories:
            name = pick(group.names, self.about.language)
            own = [(each.slug, pick(each.names, self.about.language)) for each in group.children]
            yield name, [(group.slug, _("%(group)s, all of it") % {"group": name}), *own]


def typed(rule: Rule) -> dict[str, Any]:
    """A rule as somebody would have typed it, to begin a change with."""
    terms = rule.terms

    def amount(minor: int) -> str:
        return Money(minor, terms.unit).major_text if minor else ""

    return {
        "percent": typed_percent(terms.rate_ppm),
        "fixed": amount(terms.fixed),
        "minimum": amount(terms.minimum),
        "free_months": terms.free_months or None,
        "tax_percent": "" if terms.tax_ppm is None else typed_percent(terms.tax_ppm),
        "bearer": terms.bearer.value,
        "provider_percent": typed_percent(terms.provider_rate_ppm) if terms.provider_rate_ppm else "",
        "provider_fixed": amount(terms.provider_fixed),
        "note": rule.note,
    }
