"""The bell, and the list behind it."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hutong.kernel import clock
from hutong.town.merchants import queries as merchants
from hutong.town.notifications import queries, rules, services
from hutong.town.notifications.senders.in_app import topic
from hutong.town.notifications.types import Audience, Group, NotificationView
from hutong.town.people.services import Person
from hutong.town.regions.queries import default_region
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page, safe_next

# The session's key of the store chosen at the desk (`web.merchant.access.STORE_KEY`); a test holds them together.
DESK_STORE_KEY = "desk_store"

# The picture of each group in the list.
ICONS = {
    Group.ORDERS: "receipt",
    Group.VOUCHERS: "ticket",
    Group.ACCOUNT: "shield-check",
    Group.REVIEWS: "star",
    Group.FEEDBACK: "message-square",
    Group.SALES: "trending-up",
    Group.DECISIONS: "clipboard-check",
    Group.TEAM: "users",
    Group.MONEY: "banknote",
    Group.QUEUE: "clipboard-check",
    Group.ALARMS: "triangle-alert",
}


@signed_in
@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with its count, for the header of a page that is open; two statements with the session's."""
    person = person_of(request)
    count = queries.unread_count(person.pk)
    context = {"count": count, "most": rules.MOST_SHOWN, "topic": topic(person.public_id)}
    return render(request, "shell/_bell.html", context)


@signed_in
@require_GET
def notification_list(request: HttpRequest) -> HttpResponse:
    """A person's own, by day, the newest first; of one role where `as` says so."""
    person = person_of(request)
    audiences = audiences_of(person)
    asked = request.GET.get("as", "")
    chosen = next((one for one in audiences if one.value == asked), None)
    found = queries.page_of(
        person.pk,
        language=get_language() or "en",
        audience=chosen,
        after_ref=request.GET.get("after", ""),
    )
    region = default_region()
    zone = region.zone if region else "UTC"
    more = urlencode({"as": chosen.value if chosen else "", "after": found.next_ref})
    context = {
        "tab": "me",
        "days": _by_day(found.items, zone),
        "zone": zone,
        "next_url": f"{reverse('notifications')}?{more}" if found.next_ref else "",
        "chips": _chips(audiences, chosen),
        "chosen": chosen,
        "unread": queries.unread_count(person.pk),
    }
    return page(request, "shell/notifications.html", context, part="shell/_notifications.html")


@signed_in
@require_GET
def notification(request: HttpRequest, ref: str) -> HttpResponse:
    """Open what a notification is about; it counts as read from then on."""
    person = person_of(request)
    found = queries.notification(person.pk, ref, language=get_language() or "en")
    if found is None:
        raise Http404
    services.mark_read(person=person, ref=ref, at=clock.now())
    if found.merchant_ref:
        _stand_at_desk(request, person, found.merchant_ref)
    return redirect(found.url)


@signed_in
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """All of a person's own are read, or all of one role."""
    asked = request.POST.get("as", "")
    kinds = rules.kinds_for(Audience(asked)) if asked in set(Audience) else None
    services.mark_all_read(person=person_of(request), kinds=kinds, at=clock.now())
    return redirect(safe_next(request, reverse("notifications")))


def person_of(request: HttpRequest) -> Person:
    """Who is signed in, behind `signed_in`."""
    assert request.user.is_authenticated, "strangers were asked to sign in"
    return request.user


def audiences_of(person: Person) -> list[Audience]:
    """As what this person is told things."""
    found = [Audience.SHOPPER]
    if merchants.staff_roles(person):
        found.append(Audience.STAFF)
    if person.is_operator:
        found.append(Audience.OPERATOR)
    return found


def _chips(audiences: list[Audience], chosen: Audience | None) -> list[dict[str, Any]]:
    """The filter by role; none for who has but one."""
    if len(audiences) < 2:
        return []
    labels = {
        Audience.SHOPPER: (_("As a shopper"), "user"),
        Audience.STAFF: (_("As a shop"), "store"),
        Audience.OPERATOR: (_("As the operator"), "layout-dashboard"),
    }
    address = reverse("notifications")
    every = {"url": address, "label": _("All"), "icon": "", "current": chosen is None}
    return [
        every,
        *(
            {
                "url": f"{address}?as={one.value}",
                "label": labels[one][0],
                "icon": labels[one][1],
                "current": one is chosen,
            }
            for one in audiences
        ),
    ]


def _by_day(items: Iterable[NotificationView], zone: str) -> list[list[dict[str, Any]]]:
    """The lines of each day of the place, each with its picture."""
    where = ZoneInfo(zone)
    return [
        [{"one": one, "icon": ICONS[rules.KINDS[one.kind].group]} for one in group]
        for _day, group in groupby(items, lambda one: one.at.astimezone(where).date())
    ]


def _stand_at_desk(request: HttpRequest, person: Person, merchant_ref: str) -> None:
    """Who works for several shops is taken to the one the notification is about."""
    stores = [store.ref for store in merchants.stores_of(person, merchant_ref)]
    if stores and request.session.get(DESK_STORE_KEY) not in stores:
        request.session[DESK_STORE_KEY] = stores[0]
