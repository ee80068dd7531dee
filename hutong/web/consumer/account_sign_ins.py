"""The browsers and programs that are signed in as a person, and logging them out."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.town.people import queries
from hutong.town.people import services as people
from hutong.web.consumer.account_access import owner, zone_here
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.sessions import sign_in_of


@signed_in
@require_GET
def sign_ins(request: HttpRequest) -> HttpResponse:
    """Every browser with system, place and times, this one first; then the API's keys."""
    person, at = owner(request), clock.now()
    state = sign_in_of(request)
    here = state.ref if state else ""
    found = queries.sign_ins_of(person, at)
    context = {
        "tab": "me",
        "present": [one for one in found if one.ref == here],
        "others": [one for one in found if one.ref != here],
        "tokens": queries.tokens_of(person.public_id, at),
        "zone": zone_here(),
    }
    return page(request, "consumer/account_sign_ins.html", context)


@signed_in
@require_POST
def sign_in_end(request: HttpRequest, sign_in_ref: str) -> HttpResponse:
    """Log one browser out."""
    person = owner(request)
    if not people.end_sign_in(person=person, sign_in_ref=sign_in_ref, by=person, at=clock.now()):
        raise NotFound
    messages.success(request, _("Logged out there."))
    return redirect("account_sign_ins")


@signed_in
@require_POST
def sign_in_end_others(request: HttpRequest) -> HttpResponse:
    """Log every browser out but this one."""
    person, state = owner(request), sign_in_of(request)
    people.end_sign_ins(person=person, but_ref=state.ref if state else "", by=person, at=clock.now())
    messages.success(request, _("Logged out everywhere else."))
    return redirect("account_sign_ins")


@signed_in
@require_POST
def token_revoke(request: HttpRequest, token_ref: str) -> HttpResponse:
    """End one of the person's own keys."""
    person, at = owner(request), clock.now()
    if token_ref not in {token.ref for token in queries.tokens_of(person.public_id, at)}:
        raise NotFound
    people.revoke_token(token_ref=token_ref, by=person, at=at)
    messages.success(request, _("The key no longer works."))
    return redirect("account_sign_ins")
