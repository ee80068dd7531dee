"""The form of a deal, step by step: begin, what, price, terms, look and hand in. Every step is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows.offers import contents, drafting
from hutong.flows.offers.body import (
    Body,
    advice,
    draft_of,
    groups_of_body,
    missing,
    terms_of_body,
)
from hutong.flows.offers.drafting import Outcome
from hutong.flows.offers.templates import templates_for
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.money import Money
from hutong.town.catalog import queries as catalog
from hutong.town.catalog import services
from hutong.town.catalog.rules import REVISED, TAGS
from hutong.town.catalog.types import OfferView, SketchView
from hutong.town.merchants.queries import category_tree, stores_of_merchant
from hutong.town.merchants.types import Right, StoreState, StoreView
from hutong.town.people.services import Person
from hutong.visit.stock.queries import stock_of
from hutong.web.merchant import deal_fields as fields
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.deal_market import market_of
from hutong.web.merchant.deal_missing import ADVICE, MISSING, warnings
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.groups_form import GroupsForm
from hutong.web.merchant.special_form import SpecialForm
from hutong.web.merchant.terms_form import TermsForm, terms_initial
from hutong.web.merchant.words import deal_changes
from hutong.web.shell.commission_words import asked_words, why

STEPS = ("what", "price", "terms", "look")


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft with what its steps need to know: the deal it changes, the stores it may hold in, today there."""

    sketch: SketchView
    offer: OfferView | None
    stores: dict[str, StoreView]
    today: date
    taken: int

    @property
    def body(self) -> Body:
        """What was filled in so far."""
        return self.sketch.body

    @property
    def approved(self) -> bool:
        """Whether it changes a deal that was approved: the changes become a version of it."""
        return self.offer is not None and self.offer.state in REVISED


@needs(Right.EDIT_DEALS, everywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, desk: Desk) -> HttpResponse:
    """GET: what to begin with. POST: begin with a template, or with nothing."""
    if request.method == "POST":
        sketch = drafting.start(
            merchant_ref=desk.merchant_ref,
            store_ref=desk.store.ref,
            template=request.POST.get("template", "")[:60],
            by=_person(desk),
            at=clock.now(),
        )
        return redirect("merchant_deal_step", sketch_ref=sketch.ref, step="what")
    group = desk.store.group or desk.store.category
    own, others = templates_for(group.slug)
    by_group = [
        (each, [template for template in others if template.group_slug == each.slug])
        for each in category_tree()
        if each.slug != group.slug
    ]
    context = {
        "own": own,
        "others": [pair for pair in by_group if pair[1]],
        "deals": catalog.merchant_offers(desk.merchant_ref)[:20],
        "drafts": catalog.sketches(desk.merchant_ref),
    }
    return merchant_page(request, desk, "merchant/deal_begin.html", context, tab="deals")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def edit(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """Change a deal: to the draft of its changes, begun now or before."""
    try:
        sketch = drafting.edit(
            offer_ref=offer_ref, merchant_ref=desk.merchant_ref, by=_person(desk), at=clock.now()
        )
    except drafting.OfferWaits as error:
        messages.error(request, str(error))
        return redirect("merchant_deal", offer_ref=offer_ref)
    return redirect("merchant_deal_step", sketch_ref=sketch.ref, step="what")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def copy(request: HttpRequest, desk: Desk, offer_ref: str) -> HttpResponse:
    """Begin a new deal that says what this one says."""
    sketch = drafting.duplicate(
        offer_ref=offer_ref, merchant_ref=desk.merchant_ref, by=_person(desk), at=clock.now()
    )
    messages.success(request, _("A copy, as a draft. Change what is different, then hand it in."))
    return redirect("merchant_deal_step", sketch_ref=sketch.ref, step="what")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def drop(_request: HttpRequest, desk: Desk, sketch_ref: str) -> HttpResponse:
    """Delete a draft; the list of deals offers to bring it back."""
    services.drop_sketch(
        sketch_ref=sketch_ref, merchant_ref=desk.merchant_ref, by=_person(desk), at=clock.now()
    )
    return redirect(f"{reverse('merchant_deals')}?deleted={sketch_ref}")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_POST
def restore(_request: HttpRequest, desk: Desk, sketch_ref: str) -> HttpResponse:
    """Bring a deleted draft back."""
    services.restore_sketch(
        sketch_ref=sketch_ref, merchant_ref=desk.merchant_ref, by=_person(desk), at=clock.now()
    )
    return redirect("merchant_deal_step", sketch_ref=sketch_ref, step="what")


@needs(Right.EDIT_DEALS, everywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, desk: Desk, sketch_ref: str, step: str) -> HttpResponse:
    """One step of a draft. POST keeps what can be read and goes where the button says: on, back, or away."""
    draft = _draft(desk, sketch_ref)
    if step not in STEPS:
        raise Http404
    return _PAGES[step](request, desk, draft)


def _what(request: HttpRequest, desk: Desk, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        form = fields.WhatForm(draft.body, initial=fields.what_initial(draft.sketch))
        more = 1 if "more" in request.GET else 0
        return _show(
            request, desk, draft, "what", {"form": form, "rows": fields.rows_of(draft.body, more=more)}
        )
    form = fields.WhatForm(draft.body, request.POST)
    rows = fields.rows_sent(request.POST, draft.body["unit"])
    goes = request.POST.get("go", "next")
    left = [row for index, row in enumerate(rows) if goes != f"remove-{index}"]
    readable = all(row.is_valid() for row in left)
    valid = form.is_valid() and readable
    body = form.kept(draft.body)
    if readable:
        body["includes"] = [kept for row in left if (kept := row.kept)]
    _save(desk, draft, body)
    if goes == "add" or goes.startswith("remove-"):
        # The page shows what was kept; while a row cannot be read, nothing comes or goes.
        if readable:
            query = "?more=1" if goes == "add" else ""
            return redirect(f"{_address(draft, 'what')}{query}#contents")
    elif valid or (goes != "next" and not _unreadable(form, rows)):
        return _go(request, draft, "what", goes)
    return _show(request, desk, draft, "what", {"form": form, "rows": rows}, status=422)


def _price(request: HttpRequest, desk: Desk, draft: Draft) -> HttpResponse:
    unit = draft.body["unit"]
    if request.method != "POST":
        form = fields.PriceForm(unit, draft.today, draft.taken, initial=fields.price_initial(draft.sketch))
        proposed = draft.body["list_price"] or fields.total_of_parts(draft.body)
        amounts = _amounts(draft, proposed, draft.body["price"], unit)
        context = {"form": form, "specials": SpecialForm(draft.body), **amounts}
        return _show(request, desk, draft, "price", context)
    form = fields.PriceForm(unit, draft.today, draft.taken, request.POST)
    specials = SpecialForm(draft.body, request.POST)
    valid = form.is_valid() & specials.is_valid(form.cleaned_data.get("price"))
    amounts = _amounts(draft, form.cleaned_data.get("list_price"), form.cleaned_data.get("price"), unit)
    goes = request.POST.get("go", "next")
    if goes == "look":
        return merchant_page(request, desk, "merchant/_deal_money.html", amounts, tab="deals")
    _save(desk, draft, specials.kept(form.kept(draft.body)))
    if goes == "next" and valid:
        for name in ("list_price", "price"):
            if form.cleaned_data[name] is None:
                form.add_error(name, _("Give an amount."))
        valid = form.is_valid()
    if valid:
        return _go(request, draft, "price", goes)
    context = {"form": form, "specials": specials, **amounts}
    return _show(request, desk, draft, "price", context, status=422)


def _terms(request: HttpRequest, desk: Desk, draft: Draft) -> HttpResponse:
    context: dict[str, Any] = {"tags": TAGS, "stores": list(draft.stores.values())}
    if request.method != "POST":
        form = TermsForm(draft.stores, draft.body["unit"], initial=terms_initial(draft.body))
        context |= {"form": form, "chosen_tags": draft.body["tags"], "chosen_stores": draft.body["stores"]}
        context["groups"] = GroupsForm(draft.body, draft.today)
        return _show(request, desk, draft, "terms", context)
    form = TermsForm(draft.stores, draft.body["unit"], request.POST)
    together = GroupsForm(draft.body, draft.today, request.POST)
    valid, sound = form.is_valid(), together.is_valid()
    _save(desk, draft, together.kept(form.kept(draft.body, uses_fixed=draft.approved)))
    goes = request.POST.get("go", "next")
    if sound and (valid or (goes != "next" and set(form.errors) <= {"stores"})):
        return _go(request, draft, "terms", goes)
    context |= {
        "form": form,
        "groups": together,
        "chosen_tags": request.POST.getlist("tags"),
        "chosen_stores": request.POST.getlist("stores"),
    }
    return _show(request, desk, draft, "terms", context, status=422)


def _look(request: HttpRequest, desk: Desk, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        return _show(request, desk, draft, "look", _review(desk, draft))
    goes = request.POST.get("go", "submit")
    if goes != "submit":
        return _go(request, draft, "look", goes)
    try:
        done = drafting.hand_in(
            sketch_ref=draft.sketch.ref, merchant_ref=desk.merchant_ref, by=_person(desk), at=clock.now()
        )
    except NotFound:
        raise
    except DomainError as error:
        context = {**_review(desk, draft), "problem": str(error)}
        return _show(request, desk, draft, "look", context, status=error.status)
    words = {
        Outcome.SUBMITTED: _("Handed in. The platform looks at it, and you see its answer here."),
        Outcome.PROPOSED: _("The changes wait for the platform. Until then the deal stays as it is."),
        Outcome.PUBLISHED: _("The changes are on sale now."),
        Outcome.UNCHANGED: _("Nothing was changed."),
    }
    messages.success(request, words[done.outcome])
    return redirect("merchant_deal", offer_ref=done.offer_ref)


_PAGES: dict[str, Callable[[HttpRequest, Desk, Draft], HttpResponse]] = {
    "what": _what,
    "price": _price,
    "terms": _terms,
    "look": _look,
}


def _draft(desk: Desk, sketch_ref: str) -> Draft:
    """An open draft of this merchant. One that was handed in or deleted is `SketchUnknown`."""
    sketch = catalog.sketch(sketch_ref, desk.merchant_ref)
    if sketch is None or not sketch.open:
        raise services.SketchUnknown
    offer = catalog.offer_by_ref(sketch.offer_ref) if sketch.offer_ref else None
    stores = {
        store.ref: store
        for store in stores_of_merchant(desk.merchant_ref)
        if store.currency == sketch.body["unit"]
        and (store.state is StoreState.OPEN or store.ref in sketch.body["stores"])
    }
    stock = stock_of([offer.ref]).get(offer.ref) if offer else None
    taken = -(-(stock.sold + stock.held) // sketch.body["uses"]) if stock else 0
    today = clock.local(clock.now(), drafting.zone_of_sketch(sketch)).date()
    return Draft(sketch, offer, stores, today, taken)


def _show(
    request: HttpRequest, desk: Desk, draft: Draft, step: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    labels = {"what": _("What"), "price": _("Price"), "terms": _("Terms"), "look": _("Look and hand in")}
    number = STEPS.index(step)
    framed = {
        "draft": draft,
        "step": step,
        "number": number + 1,
        "steps": [
            {
                "url": _address(draft, each),
                "label": labels[each],
                "current": each == step,
                "done": index < number,
            }
            for index, each in enumerate(STEPS)
        ],
        "unit": draft.body["unit"],
        **context,
    }
    template = f"merchant/deal_{step}.html"
    return merchant_page(request, desk, template, framed, tab="deals", status=status)


def _save(desk: Desk, draft: Draft, body: Body) -> None:
    if body != draft.body:
        services.save_sketch(
            sketch_ref=draft.sketch.ref,
            merchant_ref=desk.merchant_ref,
            body=body,
            by=_person(desk),
            at=clock.now(),
        )


def _go(request: HttpRequest, draft: Draft, step: str, goes: str) -> HttpResponse:
    """Where a button leads: the next step, the one before, a step by its name, or away for now."""
    number = STEPS.index(step)
    if goes == "later":
        messages.success(request, _("Saved. You find the draft in your deals."))
        return redirect("merchant_deals")
    if goes in STEPS:
        return redirect(_address(draft, goes))
    return redirect(_address(draft, STEPS[max(0, number - 1) if goes == "back" else min(3, number + 1)]))


def _address(draft: Draft, step: str) -> str:
    return reverse("merchant_deal_step", args=[draft.sketch.ref, step])


def _amounts(draft: Draft, list_price: int | None, price: int | None, unit: str) -> dict[str, Any]:
    """What a sale at these prices brings, and how much is off; nothing where they do not fit together."""
    if price is None or (list_price is not None and price > list_price):
        return {"earned": None}
    earned = drafting.earned(Money(price, unit), sketch=draft.sketch, at=clock.now())
    usual = price if list_price is None else list_price
    return {
        **market_of(draft.sketch, draft.stores, price=price, list_price=usual, unit=unit),
        "earned": earned,
        "rate": asked_words(earned.rule.terms),
        "why": why(earned.rule, earned.facts),
        "usual": Money(list_price, unit) if list_price is not None else None,
    }


def _review(desk: Desk, draft: Draft) -> dict[str, Any]:
    """The deal as shoppers will see it, and what is missing, with the step where it is mended."""
    body = draft.body
    zone = next(iter(draft.stores.values())).zone if draft.stores else desk.store.zone
    gone = missing(body, today=draft.today, zone=zone)
    context: dict[str, Any] = {"missing": [MISSING[code]() for code in gone], "problem": ""}
    context["warnings"] = [] if gone else warnings(body, today=draft.today, zone=zone)
    context["advice"] = [ADVICE[code]() for code in advice(body)]
    context["body"] = body
    if None not in (body["price"], body["list_price"]) and "price_above" not in gone:
        deal = draft_of({**body, "ends_on": body["ends_on"]}, zone=zone, at=clock.now(), offer=draft.offer)
        context |= {
            "deal": deal,
            "terms": terms_of_body(body),
            "groups": groups_of_body(body),
            "deal_includes": [
                (include, include.value * include.quantity if include.value else None)
                for include in deal.includes
            ],
            "store_names": [draft.stores[ref].names for ref in body["stores"] if ref in draft.stores],
            **_amounts(draft, body["list_price"], body["price"], body["unit"]),
        }
    if draft.offer is not None and draft.approved:
        changes = contents.changes(
            contents.body_now(draft.offer),
            body,
            merchant_ref=desk.merchant_ref,
            language=get_language() or "en",
        )
        context["changes"] = deal_changes(changes)
    return context


def _unreadable(form: forms.Form, rows: list[fields.RowForm]) -> bool:
    """Whether something was typed that cannot be kept; what is missing alone is no reason to hold anybody back."""
    typed = [each for each in [form, *rows] for name in each.errors if each.data.get(each.add_prefix(name))]
    return bool(typed)


def _person(desk: Desk) -> Person:
    assert desk.person is not None, "who edits deals is signed in"
    return desk.person
