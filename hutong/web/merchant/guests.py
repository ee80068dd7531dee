"""Pages that a link or a QR opens: an invitation to a team, and a phone that becomes a scanner."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import team
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.types import MerchantState
from hutong.town.people.services import rename_person
from hutong.web.merchant.access import DEVICE_KEY, STORE_KEY, zone_here
from hutong.web.merchant.words import ROLE_TEXTS, ROLES, rights_of
from hutong.web.shell.access import public, signed_in
from hutong.web.shell.parts import page


class DeviceNameForm(forms.Form):
    """What the phone is called in the shop's list."""

    name = forms.CharField(
        label=gettext_lazy("Name of this phone"),
        max_length=80,
        help_text=gettext_lazy("So that you can tell it from the others, for example “Till by the door”."),
    )


class NameForm(forms.Form):
    """What the team calls somebody who has not said it yet."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("So that the team knows who you are."),
        widget=forms.TextInput({"autocomplete": "name"}),
    )


@public
@never_cache
@require_safe
def invited(request: HttpRequest, invitation_ref: str, token: str) -> HttpResponse:
    """Who invites, to what, and what one may do then. The key in the address is what lets one see it."""
    person = request.user if request.user.is_authenticated else None
    at = clock.now()
    try:
        services.check_invitation(invitation_ref=invitation_ref, key=token, by=person, at=at)
    except DomainError as error:
        return _refused(request, invitation_ref, error)
    found = merchants.invitation_by_ref(invitation_ref, at)
    assert found is not None, "an invitation that was checked exists"
    context = {
        "invitation": found,
        "token": token,
        "role": ROLES[found.role],
        "role_text": ROLE_TEXTS[found.role],
        "rights": rights_of(found.role),
        "form": NameForm() if person is not None and not person.name else None,
        "zone": zone_here(),
    }
    return page(request, "merchant/invited.html", context)


@signed_in
@require_POST
def accept(request: HttpRequest, invitation_ref: str, token: str) -> HttpResponse:
    """Take the role and go to work; who has no name yet may say it."""
    assert request.user.is_authenticated, "signed_in sees to it"
    form = NameForm(request.POST)
    try:
        services.check_invitation(invitation_ref=invitation_ref, key=token, by=request.user, at=clock.now())
        if not request.user.name and form.is_valid() and form.cleaned_data["name"]:
            rename_person(person=request.user, name=form.cleaned_data["name"])
            request.user.refresh_from_db(fields=["name"])
        taken = team.accept_invitation(
            invitation_ref=invitation_ref, key=token, by=request.user, at=clock.now()
        )
    except DomainError as error:
        return _refused(request, invitation_ref, error)
    if taken.store_ref:
        request.session[STORE_KEY] = taken.store_ref
    if taken.merchant_state is MerchantState.APPROVED:
        messages.success(request, _("Welcome to the team."))
    else:
        messages.success(request, _("Welcome to the team. The shop still waits for its approval."))
    return redirect("merchant_today")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pair_here(request: HttpRequest, pairing_ref: str, token: str) -> HttpResponse:
    """A phone opened the QR of a store: it names itself, and scans from then on. Nobody signs in on it."""
    at = clock.now()
    form = DeviceNameForm(request.POST or None)
    try:
        services.check_pairing(pairing_ref=pairing_ref, key=token, at=at)
        if request.method == "POST" and form.is_valid():
            name = form.cleaned_data["name"]
            device_ref = team.take_pairing(pairing_ref=pairing_ref, key=token, name=name, at=at)
            request.session[DEVICE_KEY] = device_ref
            messages.success(request, _("This phone is a scanner of the store now."))
            return redirect("merchant_scan")
    except DomainError as error:
        return page(request, "merchant/pair_refused.html", {"error": error}, status=error.status)
    found = merchants.pairing_by_ref(pairing_ref, at)
    status = 422 if form.errors else 200
    return page(request, "merchant/pair_here.html", {"pairing": found, "form": form}, status=status)


def _refused(request: HttpRequest, invitation_ref: str, error: DomainError) -> HttpResponse:
    """An invitation that cannot be taken: why, and what to do about it."""
    known = error.code != "invitation_unknown"
    found = merchants.invitation_by_ref(invitation_ref, clock.now()) if known else None
    context = {"invitation": found, "error": error}
    return page(request, "merchant/invited_refused.html", context, status=error.status)
