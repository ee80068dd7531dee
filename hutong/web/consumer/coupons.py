"""A shopper's coupons: those they hold, those they may take, and a field for a code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from hutong.flows import points
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.http import client_address
from hutong.kernel.money import Money
from hutong.pay.pricing import queries, services
from hutong.pay.pricing.types import (
    CouponView,
    Funder,
    Issue,
    Promotion,
    PromotionView,
    Quote,
    Reason,
)
from hutong.town.catalog.types import OfferView
from hutong.town.merchants.queries import names_of
from hutong.town.people.services import Person
from hutong.web.consumer.account_access import owner, zone_here
from hutong.web.shell import promotion_words as words
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page, safe_next

NO_COUPON = "none"


class CodeForm(forms.Form):
    """The code of a coupon as it was read somewhere; case, spaces and letters that look alike are forgiven."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


@dataclass(frozen=True, slots=True)
class CouponFace:
    """A promotion or coupon with its words; `shop` has the names of the shop whose it is, none for the platform's."""

    rule: Promotion
    shop: dict[str, str] | None
    coupon: CouponView | None = None
    to_take: bool = False

    @property
    def worth(self) -> str:
        """The shortest word for what it takes off."""
        return words.worth(self.rule)

    @property
    def effect(self) -> str:
        """What it takes off, in a sentence."""
        return words.effect(self.rule)

    @property
    def limits(self) -> list[str]:
        """When and for whom it holds."""
        return words.limits(self.rule)


def _face(shown: PromotionView, shops: dict[str, dict[str, str]]) -> CouponFace:
    return CouponFace(shown.rule, shops.get(shown.merchant_ref), to_take=shown.issue is Issue.CLAIM)


def on_deal(offer: OfferView, person_id: int | None) -> list[CouponFace]:
    """What lowers the price of a deal, or may: promotions for everybody, and coupons to take. One statement."""
    shown = queries.on_show(merchant_ref=offer.merchant_ref, person_id=person_id, at=clock.now())
    shops = {offer.merchant_ref: offer.merchant_names}
    own = [
        each for each in shown if not each.rule.reach.offer_refs or offer.ref in each.rule.reach.offer_refs
    ]
    return [_face(each, shops) for each in own if each.rule.unit in ("", offer.price.unit)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A coupon as one of several at checkout; `why_not` says why it takes nothing off this order."""

    ref: str
    face: CouponFace
    used: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class Saving:
    """One line of what is taken off: what it is called, who bears it in a word, how much."""

    titles: Mapping[str, str] | str
    bearer: str
    amount: Money


def savings(quote: Quote) -> list[Saving]:
    """What is taken off the list price, where it is more than the deal's own price; its parts add up to it."""
    bearers = {Funder.PLATFORM: _("from the platform"), Funder.MERCHANT: _("from the shop")}
    found = [Saving(each.titles, bearers[each.funder], each.amount) for each in quote.discounts]
    own = quote.discount_total - sum((each.amount for each in found), Money(0, quote.unit))
    return [Saving(_("This deal"), "", own), *found] if found and own else found


@dataclass(frozen=True, slots=True)
class PointsChoice:
    """The points somebody has for an order, what all of them are worth, and how many this price spends."""

    had: Money
    worth: Money
    spent: Money | None


def points_choice(person: Person, quote: Quote, at: datetime) -> PointsChoice | None:
    """Whether points may be used at checkout; None where there is not one step of them. Two statements."""
    found = points.at_checkout(person=person, currency=quote.unit, at=at)
    if found is None:
        return None
    steps = found.use.minor // found.least.minor
    spent = next((each.points for each in quote.discounts if each.points), None)
    return PointsChoice(found.use, found.least_worth * steps, spent)


def coupon_choices(person_id: int, quote: Quote, chosen: str, merchant_ref: str) -> list[Choice]:
    """The person's coupons for this shop, usable ones first, with why the others take nothing. One statement.

    One that is not chosen, because another one is, has no reason: it may be chosen.
    """
    at = clock.now()
    used = {each.ref for each in quote.discounts}
    reasons = {each.ref: each for each in quote.unused}
    free = {Reason.NOT_WANTED, Reason.OTHER_IS_BETTER}
    found = []
    for coupon in queries.coupons_of(person_id):
        if not coupon.usable(at) or coupon.merchant_ref not in ("", merchant_ref):
            continue
        unused = reasons.get(coupon.ref)
        why_not = words.why_not(unused) if unused and unused.reason not in free else ""
        if coupon.ref in used or coupon.ref == chosen or unused:
            found.append(
                Choice(coupon.ref, CouponFace(coupon.coupon.promotion, None), coupon.ref in used, why_not)
            )
    return sorted(found, key=lambda choice: (bool(choice.why_not), not choice.used))


@signed_in
@require_safe
def coupons(request: HttpRequest) -> HttpResponse:
    """All coupons: usable ones first, then what may be taken, then used and past ones."""
    return _page(request, CodeForm())


def _page(request: HttpRequest, form: CodeForm, status: int = 200) -> HttpResponse:
    person, at = owner(request), clock.now()
    mine = queries.coupons_of(person.pk)
    shown = [
        each
        for each in queries.on_show(merchant_ref="", person_id=person.pk, at=at)
        if each.issue is Issue.CLAIM
    ]
    shops = names_of({each.merchant_ref for each in mine if each.merchant_ref})
    faces = [CouponFace(each.coupon.promotion, shops.get(each.merchant_ref), each) for each in mine]
    usable = [face for face in faces if face.coupon and face.coupon.usable(at)]
    context = {
        "form": form,
        "usable": usable,
        "to_take": [_face(each, {}) for each in shown],
        "earlier": [face for face in faces if face not in usable],
        "next": safe_next(request, ""),
        "zone": zone_here(),
    }
    return page(request, "consumer/coupons.html", context, status=status)


@signed_in
@require_POST
def enter_code(request: HttpRequest) -> HttpResponse:
    """The coupon of a typed code; back to where the shopper came from."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    try:
        services.enter_code(
            code=form.cleaned_data["code"],
            person=owner(request),
            address=client_address(request),
            at=clock.now(),
        )
    except DomainError as error:
        form.add_error("code", str(error))
        return _page(request, form, error.status)
    messages.success(request, _("The coupon is yours. It is used by itself where it saves most."))
    return redirect(safe_next(request, reverse("coupons")))


@signed_in
@require_POST
def claim(request: HttpRequest, promotion_ref: str) -> HttpResponse:
    """Take a coupon where it is offered."""
    try:
        services.claim(promotion_ref=promotion_ref, person=owner(request), at=clock.now())
    except (services.CouponTaken, services.CouponsGone) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The coupon is yours. It is used by itself where it saves most."))
    return redirect(safe_next(request, reverse("coupons")))
