"""The heart on shops and deals: saved with one tap, by whoever signs in for it right after it as well."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hutong.attract.saved import queries, services
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.people.services import Person
from hutong.web.consumer import seeing
from hutong.web.shell.access import public
from hutong.web.shell.parts import page, safe_next, toast, wants_part

# What was to be saved when nobody was signed in: the public id of a shop or a deal, or the key of a shared list.
TO_SAVE_KEY = "to_save"
TO_COPY_KEY = "to_copy"


@public
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save a shop or a deal, or take it out of all lists where it is saved; who is not signed in does that first."""
    ref, target = request.POST.get("ref", "")[:40], safe_next(request, reverse("home"))
    if not request.user.is_authenticated:
        return first_sign_in(request, TO_SAVE_KEY, ref, target)
    person, at = request.user, clock.now()
    if ref in queries.saved_refs(person.pk):
        services.remove_everywhere(person=person, ref=ref, at=at)
        said = _("Taken out of your lists. Tap again to undo.")
    else:
        services.save(person=person, ref=ref, at=at)
        said = _("Saved. You find it under Me.")
    if not wants_part(request):
        messages.success(request, said)
        return HttpResponseRedirect(target)
    context = {"ref": ref, "name": request.POST.get("name", "")[:200], "big": request.POST.get("big")}
    context["after_heart"] = target
    response = page(request, "components/heart.html", context)
    toast(response, said)
    return response


def first_sign_in(request: HttpRequest, key: str, value: str, target: str) -> HttpResponse:
    """To the sign-in page, and remember in the session what is to be done right after."""
    request.session[key] = value
    messages.info(request, _("Sign in, and it is saved."))
    to = f"{reverse('sign_in')}?{urlencode({'next': target})}"
    if wants_part(request):
        # a part cannot become the sign-in page: the whole page goes there
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return HttpResponseRedirect(to)


def after_sign_in(request: HttpRequest, response: HttpResponse, *, person: Person) -> None:
    """Do what somebody signed in for, and take over what this browser remembered of them. Never stops a sign-in."""
    at = clock.now()
    seeing.merge(request, response, person=person, at=at)
    ref, key = request.session.pop(TO_SAVE_KEY, ""), request.session.pop(TO_COPY_KEY, "")
    try:
        if ref:
            services.save(person=person, ref=ref, at=at)
            messages.success(request, _("Saved. You find it under Me."))
        if key:
            services.copy_list(person=person, share_key=key, name=_("Copied list"), at=at)
            messages.success(request, _("The list is among yours now."))
    except DomainError as error:
        messages.error(request, str(error))
