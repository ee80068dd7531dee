"""The pages of the queue: the list with one item open, a decision, taking it back, several approved together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import approve
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.text import pick
from hutong.town.contents.rules import TAKE_BACK_WITHIN
from hutong.town.people.services import Person
from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionView
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page
from hutong.web.operator.queue import facts, items
from hutong.web.operator.queue.items import Item, Wanted

# What was decided last, in the operator's session: {"ref", "at", "text"}.
LAST_KEY = "operator_last_decision"
MOST_TOGETHER = 20


class DecisionForm(forms.Form):
    """Yes or no; the ready reason counts where nothing was written. `seen` marks what was looked at."""

    decision = forms.ChoiceField(choices=[("approve", "approve"), ("reject", "reject")])
    ready = forms.CharField(required=False, max_length=60)
    reason = forms.CharField(required=False, max_length=500)
    seen = forms.CharField(required=False, max_length=64)


@operators
@require_safe
def queue(request: HttpRequest, _operator: Person) -> HttpResponse:
    """Everything that waits, the longest first; on a wide screen with the first one open."""
    every, wanted, waiting = _looked_at(request)
    shown = items.narrowed(waiting, wanted, every)
    chosen = shown[0].ref if shown else ""
    more = {"preview": True, **(facts.facts(chosen) if chosen else {})}
    return _show(request, every, wanted, waiting, chosen, more)


@operators
@require_safe
def item(request: HttpRequest, _operator: Person, ref: str) -> HttpResponse:
    """One item, waiting or decided, with all facts, its history and the decision."""
    every, wanted, waiting = _looked_at(request)
    return _show(request, every, wanted, waiting, ref, facts.facts(ref))


@operators
@require_POST
def decide(request: HttpRequest, operator: Person, ref: str) -> HttpResponse:
    """Say yes, or no with a reason; then on to the next one that waits."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise Http404
    every, wanted, waiting = _looked_at(request)
    yes, known = form.cleaned_data["decision"] == "approve", facts.facts(ref)
    reason = "" if yes else _reason(form, known)
    try:
        approve.decide(
            ref=ref, approve=yes, reason=reason, seen=form.cleaned_data["seen"], by=operator, at=clock.now()
        )
    except NotFound:
        raise
    except DomainError as error:
        # nothing was decided: somebody was first, it changed meanwhile, or the reason is missing
        more = {**facts.facts(ref), "problem": str(error), "reason": reason, "refusing": not yes}
        return _show(request, every, wanted, waiting, ref, more, status=error.status)
    _remember(request, ref, _told(known, yes=yes))
    following = items.next_after(items.narrowed(waiting, wanted, every), ref, {ref})
    return redirect(_address(following, wanted))


@operators
@require_POST
def take_back(request: HttpRequest, operator: Person) -> HttpResponse:
    """Undo this operator's last decision, and open what waits again."""
    _every, wanted, _waiting = _looked_at(request)
    last = request.session.get(LAST_KEY)
    if not last or last["ref"] != request.POST.get("ref"):
        messages.error(request, _("There is nothing to take back."))
        return redirect(_address("", wanted))
    try:
        approve.take_back(ref=last["ref"], by=operator, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back. It waits again."))
        del request.session[LAST_KEY]
    return redirect(_address(last["ref"], wanted))


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def together(request: HttpRequest, operator: Person) -> HttpResponse:
    """GET: what would be approved together, with every doubt. POST: approve what was left ticked."""
    _every, wanted, waiting = _looked_at(request)
    chosen = _chosen(request, waiting)
    if request.method != "POST" or not chosen:
        known = [(each, facts.facts(each.ref)) for each in chosen[:MOST_TOGETHER]]
        context = {
            "lines": [{"item": each, "facts": found} for each, found in known],
            "too_many": len(chosen) > MOST_TOGETHER,
            "most": MOST_TOGETHER,
            "query": wanted.query,
            "back_url": _address("", wanted),
        }
        return operator_page(request, "operator/together.html", context, tab="queue", status=200)
    approved = _approve_all(request, chosen[:MOST_TOGETHER], operator, at=clock.now())
    if approved:
        text = ngettext("%(n)s approved.", "%(n)s approved.", approved) % {"n": approved}
        messages.success(request, text)
    return redirect(_address("", wanted))


def _approve_all(request: HttpRequest, chosen: Sequence[Item], operator: Person, *, at: datetime) -> int:
    """Approve each by itself: one that fails is told by name and stops none of the others."""
    approved = 0
    for each in chosen:
        seen = request.POST.get(f"seen_{each.ref}", "")
        try:
            approve.decide(ref=each.ref, approve=True, seen=seen, by=operator, at=at)
        except DomainError as error:
            name = pick(each.names, get_language() or "en")
            messages.error(request, f"{name}: {error}")
        else:
            approved += 1
    return approved


def _chosen(request: HttpRequest, waiting: Sequence[Item]) -> list[Item]:
    """The simple items that were ticked and still wait; a POST counts what its form still has ticked."""
    refs = (request.POST if request.method == "POST" else request.GET).getlist("ref")
    chosen = [each for each in waiting if each.simple and each.ref in set(refs)]
    if request.method == "POST" and len(chosen) < len(set(refs)):
        messages.info(request, _("Some were left out: decided meanwhile, or in need of a look of their own."))
    return chosen


def _looked_at(request: HttpRequest) -> tuple[list[RegionView], Wanted, list[Item]]:
    every = regions.towns()
    return every, items.wanted_of(request, every), items.waiting(at=clock.now())


def _show(
    request: HttpRequest,
    every: list[RegionView],
    wanted: Wanted,
    waiting: list[Item],
    chosen: str,
    more: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    shown = items.narrowed(waiting, wanted, every)
    context = {
        "items": shown,
        "simple": sum(1 for each in shown if each.simple),
        "chips": items.chips(waiting, wanted, every),
        "regions": every,
        "wanted": wanted,
        "chosen": chosen,
        "next_ref": items.next_after(shown, chosen, {chosen}),
        "last": _last(request),
        "waited": next((each for each in waiting if each.ref == chosen), None),
        **more,
    }
    return operator_page(request, "operator/queue.html", context, tab="queue", status=status)


def _reason(form: DecisionForm, known: dict[str, Any]) -> str:
    """What was written; else the ready reason that was chosen, in the language of its reader."""
    written = str(form.cleaned_data["reason"]).strip()
    ready = next((each.text for each in known["choices"] if each.key == form.cleaned_data["ready"]), "")
    return written or ready


def _told(known: dict[str, Any], *, yes: bool) -> str:
    language = get_language() or "en"
    name = {"name": pick(known["about_names"], language)}
    return (_("“%(name)s” was approved.") if yes else _("“%(name)s” was refused.")) % name


def _remember(request: HttpRequest, ref: str, text: str) -> None:
    messages.success(request, text)
    request.session[LAST_KEY] = {"ref": ref, "at": clock.now().isoformat(), "text": text}


def _last(request: HttpRequest) -> dict[str, str] | None:
    """The decision that can still be taken back, if any."""
    last: dict[str, str] | None = request.session.get(LAST_KEY)
    if last and clock.now() - datetime.fromisoformat(last["at"]) <= TAKE_BACK_WITHIN:
        return last
    return None


def _address(ref: str, wanted: Wanted) -> str:
    page = reverse("operator_item", kwargs={"ref": ref}) if ref else reverse("operator_queue")
    return page + wanted.query
