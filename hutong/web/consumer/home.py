"""The home page: what is around the visitor, by what they like and by the time of day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from hutong.attract.placements.rules import spread
from hutong.attract.placements.types import Slotted, Subject
from hutong.attract.saved.rules.taste import Taste
from hutong.attract.search import queries as search
from hutong.attract.search.types import DealCard, DealSort, StoreCard
from hutong.flows import home_feed
from hutong.flows.home_feed import Known, Order, Picked
from hutong.kernel import clock
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.types import CategoryView
from hutong.web.consumer import ads, seeing
from hutong.web.consumer.filters import address
from hutong.web.consumer.open_web import about_site
from hutong.web.consumer.place import Whereabouts, whereabouts
from hutong.web.shell.access import public
from hutong.web.shell.parts import page

HOME_DEALS = 12
STORES_A_PAGE = 12
# The list of shops ends here; whoever wants more has the list with its filters.
MOST_STORES = 180
RECENT = 8
# So many cards of a list say why they are there; on all of them it would say nothing.
MOST_REASONS = 3
TILES = 10
# A countdown says something for three days; before that it is only a large number.
SOON = timedelta(days=3)
# A long list goes on as it began for so long; then it begins anew.
SPOT_HOLDS = timedelta(hours=2)

Card = TypeVar("Card", DealCard, StoreCard)


@public
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What is around the visitor, at once and without signing in.

    Five statements for a visitor who has seen nothing yet; one more each for the shops they saw and paid positions,
    two more for who is signed in. `?feed=` says how much of the list of shops was shown already, so that whoever
    comes back finds the same spot.
    """
    where, now, target = whereabouts(request), clock.now(), request.headers.get("HX-Target")
    shown, at = _spot(request.GET.get("feed", ""), now)
    tree = merchants.category_tree()
    groups = {child.slug: group.slug for group in tree for child in group.children}
    names = {child.slug: child.names for group in tree for child in group.children}
    known = _known(request, groups, at)
    order = Order(where.place, at, now, where.region.zone, known.taste, groups)
    slots = ads.placed(region_id=where.region.region_id, category=None, at=now)
    context: dict[str, Any] = {
        "tab": "home",
        "where": where,
        "region": where.region,
        "zone": where.region.zone,
        "known": known,
    }
    if target == "more-shops":
        context |= _stores(request, order, shown, before=shown - STORES_A_PAGE)
        for one in context["stores"]:
            one["because"] = None  # the first ones said it
        return page(request, "consumer/home.html", context, part="consumer/_home_stores.html")
    recent = [one.store_ref for one in known.seen[:RECENT]]
    cards = _cards(recent, slots, where, now)
    context |= _deals(request, order, slots, cards)
    if target == "deals":
        _say_why(context, names)
        return page(request, "consumer/home.html", context, part="consumer/_home_deals.html")
    context |= _stores(request, order, shown, slots=slots[Subject.STORE], cards=cards)
    _say_why(context, names)
    context["recent"] = [cards[ref] for ref in recent if ref in cards]
    context["categories"] = _tiles(tree)
    context["open_web"] = about_site(request, where.region)
    return page(request, "consumer/home.html", context)


def _say_why(context: dict[str, Any], names: Mapping[str, dict[str, str]]) -> None:
    """Put the names of the category that somebody likes in the place of its slug; the first few of a list say it."""
    for kind in ("deals", "stores"):
        told = 0
        for shown in context.get(kind, ()):
            because = shown.pop("because", "") if told < MOST_REASONS else ""
            shown["because"] = names.get(because)
            told += bool(because)


def _known(request: HttpRequest, groups: Mapping[str, str], at: datetime) -> Known:
    """What is known of the visitor as it was when the list began, so that it goes on in the same order."""
    if request.user.is_authenticated:
        return home_feed.known_of_person(person_id=request.user.pk, groups=groups, at=at)
    if seeing.wants_none(request):
        return Known(Taste(), (), remembers=False)
    return home_feed.known_of_visitor(seen=seeing.seen_here(request, clock.now()), groups=groups, at=at)


def _cards(
    recent: Sequence[str], slots: Mapping[Subject, list[Slotted]], where: Whereabouts, at: datetime
) -> dict[str, StoreCard | DealCard]:
    """The cards of what was seen and of what is paid for, by ref; a statement a kind that there is any of."""
    stores = [*recent, *(one.subject_ref for one in slots[Subject.STORE])]
    deals = [one.subject_ref for one in slots[Subject.DEAL]]
    found: dict[str, StoreCard | DealCard] = {}
    if stores:
        found |= search.stores_by_refs(refs=stores, place=where.place, at=at)
    if deals:
        found |= search.deals_by_refs(refs=deals, place=where.place, at=at)
    return found


def _deals(
    request: HttpRequest,
    order: Order,
    slots: Mapping[Subject, list[Slotted]],
    cards: Mapping[str, Any],
) -> dict[str, Any]:
    """The deals: in the order of the home page, or in the one that was asked for, which nothing personal changes."""
    wanted = request.GET.get("sort", "")
    sort = DealSort(wanted) if wanted in set(DealSort) else None
    if sort is None:
        picked = home_feed.deals(order)
    else:
        found = search.deals_near(place=order.place, at=order.now, sort=sort, limit=HOME_DEALS + 1).items
        picked = [Picked(card, "") for card in found]
    shown = _mixed(request, picked[:HOME_DEALS], slots[Subject.DEAL], cards, lambda card: card.offer_ref)
    shown = shown[:HOME_DEALS]
    banner = max(
        (one.card for one in picked[:HOME_DEALS]), key=lambda deal: deal.discount_percent, default=None
    )
    return {
        "deals": shown,
        "more_deals": len(picked) > HOME_DEALS,
        "banner": banner,
        "banner_ends_soon": bool(banner and banner.ends_at and banner.ends_at - order.now < SOON),
        "chips": _chips(request, sort, personal=order.taste.known),
    }


def _stores(
    request: HttpRequest,
    order: Order,
    shown: int,
    *,
    before: int = 0,
    slots: Sequence[Slotted] = (),
    cards: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The first `shown` shops without the first `before`, with what is paid for among the first of all."""
    picked, more = home_feed.stores(order, limit=shown)
    first = _mixed(request, picked[before:STORES_A_PAGE], slots, cards or {}, lambda card: card.ref)
    rest = [{"card": one.card, "because": one.because} for one in picked[max(before, STORES_A_PAGE) :]]
    further = shown + STORES_A_PAGE
    spot = f"{further}~{int(order.at.timestamp())}"
    return {
        "stores": [*first, *rest],
        "next_url": address(request.GET, feed=spot) if more and further <= MOST_STORES else "",
        "stores_end": more and further > MOST_STORES,
    }


def _mixed(
    request: HttpRequest,
    picked: Sequence[Picked[Card]],
    slots: Sequence[Slotted],
    cards: Mapping[str, Any],
    ref_of: Callable[[Card], str],
) -> list[dict[str, Any]]:
    """The cards with what is paid for among them; those that are shown are counted."""
    there = [one for one in slots if one.subject_ref in cards]
    mixed = spread(picked, there, same=lambda item, one: ref_of(item.card) == one.subject_ref)
    ads.count(request, [one.ref for _item, one in mixed if one], clock.now())
    shown: list[dict[str, Any]] = []
    for item, one in mixed:
        if item is not None:
            shown.append({"card": item.card, "because": item.because})
        elif one is not None:
            shown.append({"card": cards[one.subject_ref], "ad": one.ref})
    return shown


def _spot(text: str, now: datetime) -> tuple[int, datetime]:
    """How many shops are shown, and the moment by which they are ordered; the first ones and now for anything else."""
    count, _separator, second = text.partition("~")
    if not (count.isdecimal() and second.isdecimal() and len(count) <= 4 and len(second) <= 11):
        return STORES_A_PAGE, now
    wanted = max(STORES_A_PAGE, min(int(count), MOST_STORES))
    began = datetime.fromtimestamp(int(second), UTC)
    return wanted, began if now - SPOT_HOLDS < began <= now else now


def _chips(request: HttpRequest, chosen: DealSort | None, *, personal: bool) -> list[dict[str, Any]]:
    labels: list[tuple[DealSort | None, str]] = [
        (None, _("For you") if personal else _("Suggested")),
        (DealSort.NEAREST, _("Nearest")),
        (DealSort.PRICE, _("Cheapest")),
        (DealSort.DISCOUNT, _("Biggest saving")),
        (DealSort.SOLD, _("Most sold")),
    ]
    return [
        {
            "id": f"sort-{sort.value if sort else 'feed'}",
            "label": label,
            "url": address(request.GET, sort=sort.value if sort else None, feed=None),
            "current": sort is chosen,
        }
        for sort, label in labels
    ]


def _tiles(tree: list[CategoryView]) -> list[dict[str, Any]]:
    """The home page's tiles: the groups, filled up with categories of the first groups."""
    children = [child for group in tree for child in group.children]
    return [
        {"url": reverse("category", args=[one.slug]), "names": one.names, "emoji": one.emoji}
        for one in [*tree, *children][:TILES]
    ]
