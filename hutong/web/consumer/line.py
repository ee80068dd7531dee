"""The line in front of a flash sale's checkout: come in, see it move, be let in, leave."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hutong.flows import flash_sale
from hutong.kernel import clock
from hutong.kernel.errors import Conflict, NotFound
from hutong.kernel.http import client_address
from hutong.pay.flashsales import queries, services
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page, wants_part


@signed_in
@require_GET
def line(request: HttpRequest, offer_ref: str) -> HttpResponse:
    """Where somebody stands. Looks by themselves are counted, and answered by nothing where nothing has moved."""
    assert request.user.is_authenticated
    at, offer = clock.now(), _offer(offer_ref)
    if wants_part(request):
        flash_sale.count_look(person=request.user, address=client_address(request), at=at)
    found = flash_sale.look(offer_ref=offer_ref, person=request.user, at=at)
    seen = _seen(found)
    if wants_part(request) and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "deal": offer,
        "line": found,
        "sale": found.sale,
        "ticket": found.ticket,
        "minutes": _minutes(found),
        "seen": seen,
        "zone": offer.stores[0].zone if offer.stores else "UTC",
        "refresh": reverse("line", args=[offer_ref]),
    }
    return page(request, "consumer/line.html", context, part="consumer/_line.html")


@signed_in
@require_POST
def take(request: HttpRequest, offer_ref: str) -> HttpResponse:
    """Come into the line; however often it is sent, one place."""
    assert request.user.is_authenticated
    try:
        flash_sale.take(
            offer_ref=offer_ref, person=request.user, address=client_address(request), at=clock.now()
        )
    except NotFound:
        raise
    except Conflict as error:
        messages.error(request, str(error))
    return redirect("line", offer_ref)


@signed_in
@require_POST
def leave(request: HttpRequest, offer_ref: str) -> HttpResponse:
    """Give the place up."""
    assert request.user.is_authenticated
    if services.leave(offer_ref=offer_ref, person=request.user):
        messages.success(request, _("You left the line. Your place is free for others."))
    return redirect("line", offer_ref)


def line_first(request: HttpRequest, offer_ref: str) -> HttpResponse | None:
    """The way to the line for whoever may not order yet; None where there is no line, or it is their turn."""
    assert request.user.is_authenticated
    at = clock.now()
    found = queries.standing(offer_ref=offer_ref, person_id=request.user.pk, at=at)
    if found is None or not found.sale.has_line or (found.ticket and found.ticket.may_order(at)):
        return None
    return redirect("line", offer_ref)


def _offer(offer_ref: str) -> OfferView:
    offer = catalog.offer_by_ref(offer_ref)
    if offer is None:
        raise NotFound
    return offer


def _minutes(found: flash_sale.Line) -> int | None:
    """How long the wait will be at the measured rate, in minutes, rounded up; None where nobody can tell."""
    return None if found.wait.estimate is None else max(1, -(-int(found.wait.estimate.total_seconds()) // 60))


def _seen(found: flash_sale.Line) -> str:
    """What of it somebody sees, in short: while it stays the same their page need not be drawn anew."""
    ahead = found.ticket.ahead if found.ticket else None
    facts = (found.state, found.phase.value, ahead, found.left, _minutes(found), int(found.all_taken))
    return ".".join(map(str, (*facts, found.wait.ask_again_s)))
