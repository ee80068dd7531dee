"""What a person agreed to: with the platform, with shops, and the whole history of both."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hutong.kernel import clock
from hutong.kernel.errors import DomainError, Invalid
from hutong.kernel.text import pick
from hutong.know.customers import queries as customers
from hutong.town.people import queries
from hutong.town.people import services as people
from hutong.town.people.types import ConsentKind, ConsentState
from hutong.web.consumer.account_access import owner, zone_here
from hutong.web.consumer.account_forms import ConsentForm
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page

HISTORY_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Switch:
    """A consent to the platform with its words. `hint` says what it needs before it can be given."""

    state: ConsentState
    title: str
    hint: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history: what, given or taken back, from where, when."""

    title: str
    granted: bool
    where: str
    at: datetime


@signed_in
@require_GET
def consents(request: HttpRequest) -> HttpResponse:
    """Every consent with its switch, and the history."""
    person = owner(request)
    states = queries.consent_states(person)
    no_email = _("Add your e-mail address first.") if person.email_proved_at is None else ""
    context = {
        "tab": "me",
        "switches": [
            Switch(
                state,
                _title(state.kind),
                no_email if kind is ConsentKind.MARKETING_EMAIL and not state.granted else "",
            )
            for kind, state in states.items()
            if kind.withdrawable
        ],
        "texts": [Switch(state, _title(kind), "") for kind, state in states.items() if not kind.withdrawable],
        "shops": [one for one in customers.consents_of(person.public_id) if one.withdrawn_at is None],
        "history": _history(person)[:HISTORY_SHOWN],
        "zone": zone_here(),
    }
    return page(request, "consumer/account_consents.html", context)


@signed_in
@require_POST
def consent_switch(request: HttpRequest) -> HttpResponse:
    """Give a consent to the platform, or take it back."""
    form = ConsentForm(request.POST)
    if not form.is_valid():
        raise Invalid
    kind, person, at = ConsentKind(form.cleaned_data["kind"]), owner(request), clock.now()
    try:
        if form.cleaned_data["on"]:
            people.give_consent(person=person, kind=kind, source="account", at=at)
        else:
            people.withdraw_consent(person=person, kind=kind, source="account", at=at)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved."))
    return redirect("account_consents")


def _history(person: people.Person) -> list[Line]:
    """Both histories in one, the newest first."""
    language = get_language() or "en"
    shops = [
        Line(
            _("%(shop)s remembers my visits") % {"shop": pick(one.merchant_names, language)},
            one.granted,
            _where(one.source),
            one.at,
        )
        for one in customers.consent_history(person.public_id)
    ]
    platform = [
        Line(_title(one.what), one.granted, _where(one.source), one.at)
        for one in queries.consent_history(person)
    ]
    return sorted([*shops, *platform], key=lambda line: line.at, reverse=True)


def _title(kind: ConsentKind) -> str:
    return {
        ConsentKind.MARKETING_EMAIL: _("Offers by e-mail"),
        ConsentKind.MARKETING_SMS: _("Offers by text message"),
        ConsentKind.MARKETING_PUSH: _("Offers as notifications of this app"),
        ConsentKind.TERMS: _("Terms of use"),
        ConsentKind.PRIVACY: _("Privacy notice"),
    }[kind]


def _where(source: str) -> str:
    """The place of a consent in words; sources are `account`, `sign_in`, `api`, `checkout ord_...`."""
    words = {
        "account": _("on this page"),
        "sign_in": _("when signing in"),
        "api": _("when a program signed in"),
        "checkout": _("when buying"),
    }
    return words.get(source.partition(" ")[0], source)
