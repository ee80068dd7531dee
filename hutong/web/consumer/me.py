"""The shopper's own page: choices, consents, the way out."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hutong.kernel import clock
from hutong.know.customers import services as customer_services
from hutong.know.loyalty import queries as loyalty
from hutong.town.merchants import queries as merchants
from hutong.town.notifications import queries as notifications
from hutong.town.notifications.rules import MOST_SHOWN
from hutong.web.shell.access import public, signed_in
from hutong.web.shell.parts import page


@public
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """Language and scheme for everybody; orders, account pages and sign-out for who is signed in."""
    person = request.user
    context: dict[str, object] = {"tab": "me"}
    if person.is_authenticated:
        context["programmes"] = loyalty.programmes(clock.now())
        context["roles"] = merchants.staff_roles(person)
        context["unread"], context["most"] = notifications.unread_count(person.pk), MOST_SHOWN
    return page(request, "consumer/me.html", context)


@signed_in
@require_POST
def withdraw_consent(request: HttpRequest, merchant_ref: str) -> HttpResponse:
    """Take back a consent: the shop's record of this person is deleted at once."""
    assert request.user.is_authenticated
    customer_services.withdraw_consent(
        person_ref=request.user.public_id, merchant_ref=merchant_ref, at=clock.now()
    )
    messages.success(request, _("This shop has forgotten your visits."))
    return redirect("account_consents")
