"""The rules of commission: which hold, which come and which ended; a new one is tried on last month before it is saved."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import commission as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.pay.fees import queries, services
from hutong.pay.fees.rules import default_rule
from hutong.pay.fees.types import RuleDraft, RuleState
from hutong.town.catalog.queries import merchant_offers
from hutong.town.merchants.queries import category_tree, merchant_by_ref
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.town.regions import queries as regions
from hutong.web.operator.access import operators
from hutong.web.operator.commission_form import About, RuleForm, typed
from hutong.web.operator.frame import operator_page, zone_of
from hutong.web.shell.commission_words import in_words

MOST_MERCHANTS = 50


@operators
@require_safe
def commission(request: HttpRequest, _operator: Person) -> HttpResponse:
    """All rules by where they stand, in words, and the rate that holds where none does."""
    at = clock.now()
    words = in_words(queries.rules())
    by_state = {state: [each for each in words if each.rule.state(at) is state] for state in RuleState}
    (usual,) = in_words([default_rule(settings.HUTONG_COMMISSION_PPM)])
    makers = people.named({each.rule.made_by for each in words})
    context = {
        "current": by_state[RuleState.CURRENT],
        "coming": by_state[RuleState.COMING],
        "ended": by_state[RuleState.ENDED],
        "usual": usual,
        "makers": {ref: maker.name for ref, maker in makers.items()},
        "zone": zone_of(request),
    }
    return operator_page(request, "operator/commission.html", context, tab="commission")


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest, operator: Person) -> HttpResponse:
    """A new rule, or the next one in place of another (`change`): typed, tried on last month, then saved."""
    at = clock.now()
    about = _about(request)
    if request.method != "POST":
        first = {"starts_on": clock.local(at, zone_of(request)).date(), "bearer": "platform"}
        asked = {name: request.GET.get(name, "") for name in ("region", "category", "offer")}
        initial = first | asked | (typed(about.changed) if about.changed else {})
        return _form(request, about, RuleForm(about, initial=initial))
    form = RuleForm(about, request.POST)
    draft = form.draft(at)
    trial = _tried(form, about, draft, at) if draft else None
    if draft is None or trial is None:
        return _form(request, about, form, status=422)
    if request.POST.get("go") == "save" and request.POST.get("tried") == form.digest():
        if _saved(form, about, draft, operator, at):
            messages.success(request, _("Saved. What is sold from then on follows the rule."))
            return redirect("operator_commission")
        return _form(request, about, form, status=409)
    return _form(request, about, form, trial=trial, unseen=request.POST.get("go") == "save")


@operators
@require_POST
def end(request: HttpRequest, operator: Person, rule_ref: str) -> HttpResponse:
    """End a rule at once; one that has not begun never holds."""
    try:
        services.end_rule(rule_ref=rule_ref, by=operator, at=clock.now())
    except services.RuleUnknown as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Ended. What was sold keeps its commission."))
    return redirect("operator_commission")


def _tried(form: RuleForm, about: About, draft: RuleDraft, at: datetime) -> flow.Trial | None:
    """What the rule would have made of last month; None when it cannot be made, which the form then says."""
    replaces = about.changed.ref if about.changed else ""
    try:
        trial = flow.try_rule(draft=draft, at=at, replaces_ref=replaces)
    except DomainError as error:
        form.refuse(error)
        return None
    if services.overlapping(draft, replaces_ref=replaces):
        form.refuse(services.RuleOverlaps())
        return None
    return trial


def _saved(form: RuleForm, about: About, draft: RuleDraft, operator: Person, at: datetime) -> bool:
    replaces = about.changed.ref if about.changed else ""
    try:
        services.make_rule(draft=draft, by=operator, at=at, replaces_ref=replaces)
    except DomainError as error:
        form.refuse(error)
        return False
    return True


def _about(request: HttpRequest) -> About:
    """What is settled before the form: the merchant, or the rule that is changed. Raises Http404 for unknown ones."""
    change = request.GET.get("change", "")
    changed = queries.rule_by_ref(change) if change else None
    merchant_ref = changed.reach.merchant_ref if changed else request.GET.get("merchant", "")
    merchant = merchant_by_ref(merchant_ref) if merchant_ref else None
    if (change and changed is None) or (merchant_ref and merchant is None):
        raise Http404
    return About(
        regions=regions.towns(),
        categories=category_tree(),
        language=get_language() or "en",
        zone=zone_of(request),
        merchant=merchant,
        offers=tuple(merchant_offers(merchant_ref)) if merchant_ref else (),
        changed=changed,
    )


def _form(
    request: HttpRequest,
    about: About,
    form: RuleForm,
    *,
    trial: flow.Trial | None = None,
    unseen: bool = False,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "about": about,
        "asked": urlencode(
            {name: request.GET[name] for name in ("merchant", "change") if name in request.GET}
        ),
        "trial": trial,
        "shown": trial.merchants[:MOST_MERCHANTS] if trial else (),
        "hidden_merchants": max(0, len(trial.merchants) - MOST_MERCHANTS) if trial else 0,
        "tried": form.digest() if trial else "",
        "unseen": unseen,
        "changed": in_words([about.changed])[0] if about.changed else None,
    }
    return operator_page(request, "operator/commission_rule.html", context, tab="commission", status=status)
