"""Buying together: what a deal's page says of it, and the page of one group, which its link opens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from hutong.flows.groups.asking import Ask, ends_at
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.pay.groups import queries as groups
from hutong.pay.groups.types import GroupKind, GroupState, GroupView, Member, PlaceView, PriceStep
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.rules import may_be_bought
from hutong.town.catalog.types import OfferView
from hutong.web.shell.access import public
from hutong.web.shell.parts import page

MOST_SEATS = 12


@dataclass(frozen=True, slots=True)
class OnDeal:
    """What a deal's page says of buying together: groups that may be opened or joined, or the campaign."""

    steps: tuple[PriceStep, ...]
    hours: int
    fill: int
    open: tuple[GroupView, ...]
    minimum: int
    paid: int
    until: datetime | None
    campaign: GroupView | None
    over: bool

    @property
    def best(self) -> PriceStep:
        """The lowest price there is."""
        return self.steps[-1]

    @property
    def missing(self) -> int:
        """How many buyers the campaign needs still."""
        return max(0, self.minimum - self.paid)


def on_deal(offer: OfferView, at: datetime) -> OnDeal | None:
    """What the deal's page shows; None for one that is sold to everybody alone. One statement, two where groups form."""
    stands = groups.standing([offer.ref], at).get(offer.ref)
    if stands is None or not (stands.is_campaign or stands.terms.steps):
        return None
    campaign = stands.campaign
    until = None
    if stands.is_campaign:
        until = campaign.deadline if campaign else ends_at(offer, stands.terms, at)
    forming = () if stands.is_campaign else tuple(groups.open_groups(offer.ref, at))
    return OnDeal(
        steps=() if stands.is_campaign else stands.terms.steps,
        hours=stands.terms.hours,
        fill=stands.terms.fill,
        open=forming,
        minimum=campaign.size if campaign else stands.terms.minimum,
        paid=campaign.paid if campaign else 0,
        until=until,
        campaign=campaign,
        over=until is not None and until <= at,
    )


def ask_of(request: HttpRequest) -> Ask:
    """What the address or form of the checkout asks for: a group of its own, one to join, or neither."""
    sent = request.POST if request.method == "POST" else request.GET
    size, joined = sent.get("group", ""), sent.get("join", "")[:40]
    if joined:
        return Ask(group_ref=joined)
    return Ask(size=int(size)) if size.isdecimal() and len(size) < 4 else Ask()


@public
@require_GET
def group(request: HttpRequest, group_ref: str) -> HttpResponse:
    """One group: who is in, how many are missing, until when, and the button to join. It turns by itself."""
    at = clock.now()
    found = groups.group_by_ref(group_ref)
    offer = catalog.offer_by_ref(found.offer_ref) if found else None
    if found is None or offer is None:
        raise NotFound
    mine = groups.own_order(group_ref, request.user.pk) if request.user.is_authenticated else ""
    context = {
        "tab": "home",
        "deal": offer,
        "zone": offer.stores[0].zone if offer.stores else "UTC",
        "refresh": request.path,
        "link": f"{settings.HUTONG_SITE_URL}{request.path}",
        "mine": mine,
        **facts(found, groups.members(group_ref, limit=MOST_SEATS), offer, at),
    }
    return page(request, "consumer/group.html", context, part="consumer/_group.html")


def facts(found: GroupView, members: list[Member], offer: OfferView, at: datetime) -> dict[str, Any]:
    """What pages show of a group."""
    campaign = found.kind is GroupKind.CAMPAIGN
    shown = min(found.size, MOST_SEATS) - len(members)
    return {
        "group": found,
        "campaign": campaign,
        "members": members,
        "empty": range(0 if campaign or found.state is not GroupState.OPEN else max(0, shown)),
        "more": max(0, found.taken - len(members)),
        "in_all": min(found.paid, found.size),
        "joinable": found.may_be_joined(at) and may_be_bought(offer, at),
        "running": found.state is GroupState.OPEN and found.deadline > at,
        "price": found.price or offer.price,
    }


def waiting(person_id: int) -> list[tuple[PlaceView, OfferView | None]]:
    """The orders of a person that wait for their groups, each with its deal. Two statements."""
    places = groups.waiting_of(person_id)
    offers = catalog.offers_by_refs({place.group.offer_ref for place in places}) if places else {}
    return [(place, offers.get(place.group.offer_ref)) for place in places]
