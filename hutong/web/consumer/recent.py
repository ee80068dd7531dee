"""What was looked at last: the page that shows it, clears it, and switches it off."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hutong.attract.saved import queries, services
from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.web.consumer import seeing
from hutong.web.consumer.place import whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.parts import page


@public
@require_GET
def recent(request: HttpRequest) -> HttpResponse:
    """The shops that were looked at last, by this person or in this browser."""
    where, at = whereabouts(request), clock.now()
    if request.user.is_authenticated:
        remembers, seen = queries.remembers(request.user.pk), queries.seen_of(request.user.pk)
    else:
        remembers, seen = not seeing.wants_none(request), seeing.seen_here(request, at)
    refs = [one.store_ref for one in seen]
    cards = search.stores_by_refs(refs=refs, place=where.place, at=at) if refs else {}
    context = {
        "tab": "me",
        "region": where.region,
        "zone": where.region.zone,
        "remembers": remembers,
        "stores": [cards[ref] for ref in refs if ref in cards],
    }
    return page(request, "consumer/recent.html", context)


@public
@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    """Forget what was looked at; the home page begins anew with taste."""
    response = redirect("recent")
    if request.user.is_authenticated:
        services.clear_seen(person=request.user, at=clock.now())
    else:
        seeing.forget(request, response, off=False)
    messages.success(request, _("Forgotten. The home page no longer goes by it."))
    return response


@public
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Remember from now on, or forget everything and remember nothing."""
    response, on = redirect("recent"), request.POST.get("to") == "on"
    if request.user.is_authenticated:
        services.choose(person=request.user, remembers=on, at=clock.now())
    else:
        seeing.forget(request, response, off=not on)
    said = _("From now on the shops you look at are remembered.")
    messages.success(request, said if on else _("Switched off, and everything is forgotten."))
    return response
