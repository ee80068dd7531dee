"""Ready reasons: those offered beside a decision, in the reader's language, and the page where they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.kernel.text import pick
from hutong.town.contents import queries, services
from hutong.town.contents.rules import MAX_REASON, fill
from hutong.town.contents.types import ReasonKind
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page

# The keys 1 to 9 choose one; more would only be reachable by hand.
MOST_OFFERED = 9


@dataclass(frozen=True, slots=True)
class Choice:
    """A ready reason beside a decision: what the operator reads, and what the merchant will read."""

    key: str
    label: str
    text: str


class ReasonForm(forms.Form):
    """A ready reason in both languages."""

    en = forms.CharField(
        label=gettext_lazy("In English"), max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 2})
    )
    zh = forms.CharField(
        label=gettext_lazy("In Chinese"),
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "lang": "zh-Hans"}),
    )


def choices(kind: ReasonKind, *, language: str, names: Mapping[str, Mapping[str, str]]) -> list[Choice]:
    """The ready reasons of a kind, filled with the `names` of each place, which come by language.

    `language` is the reader's; labels are in the operator's own.
    """
    own = get_language() or "en"

    def filled(texts: Mapping[str, str], language: str) -> str:
        return fill(texts, language, {place: pick(each, language) for place, each in names.items()})

    return [
        Choice(key=each.key, label=filled(each.texts, own), text=filled(each.texts, language))
        for each in queries.reasons(kind)
    ]


@operators
@require_safe
def reasons(request: HttpRequest, _operator: Person) -> HttpResponse:
    """The ready reasons of one kind; `edit` names one whose words are being changed."""
    return _show(request, _kind(request.GET.get("kind", "")), edit=request.GET.get("edit", ""))


@operators
@require_POST
def save(request: HttpRequest, operator: Person) -> HttpResponse:
    """Keep a new ready reason, or other words of a known one."""
    kind, key = _kind(request.POST.get("kind", "")), request.POST.get("key", "")
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, kind, edit=key, form=form, status=422)
    texts = {"en": form.cleaned_data["en"], "zh-Hans": form.cleaned_data["zh"]}
    try:
        services.save_reason(key=key or None, kind=kind, texts=texts, by=operator, at=clock.now())
    except NotFound:
        raise
    except DomainError as error:
        form.add_error(None, str(error))
        return _show(request, kind, edit=key, form=form, status=error.status)
    messages.success(request, _("The reason is kept."))
    return redirect(f"{reverse('operator_reasons')}?kind={kind.value}")


@operators
@require_POST
def retire(request: HttpRequest, operator: Person) -> HttpResponse:
    """Stop offering a ready reason; saving it again brings it back."""
    kind = _kind(request.POST.get("kind", ""))
    services.retire_reason(key=request.POST.get("key", ""), kind=kind, by=operator, at=clock.now())
    messages.success(request, _("The reason is not offered any more."))
    return redirect(f"{reverse('operator_reasons')}?kind={kind.value}")


def _kind(text: str) -> ReasonKind:
    if not text:
        return ReasonKind.DEAL
    if text not in set(ReasonKind):
        raise Http404
    return ReasonKind(text)


def _show(
    request: HttpRequest,
    kind: ReasonKind,
    *,
    edit: str = "",
    form: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    every = queries.reasons(kind, retired=True)
    chosen = next((each for each in every if each.key == edit), None)
    initial = {"en": chosen.texts.get("en", ""), "zh": chosen.texts.get("zh-Hans", "")} if chosen else {}
    labels = {
        ReasonKind.CLAIM: _("Claims"),
        ReasonKind.MERCHANT: _("Merchants"),
        ReasonKind.DEAL: _("Deals"),
        ReasonKind.CONTENT: _("Contents"),
        ReasonKind.REFUND: _("Refunds"),
    }
    context = {
        "kind": kind.value,
        "reasons": every,
        "edited": chosen,
        "form": form or ReasonForm(initial=initial),
        "most": MOST_OFFERED,
        "chips": [
            {
                "url": f"{reverse('operator_reasons')}?kind={each.value}",
                "label": label,
                "current": each is kind,
                "count": None,
            }
            for each, label in labels.items()
        ],
    }
    return operator_page(request, "operator/reasons.html", context, tab="queue", status=status)
