"""Paid positions on pages: what to show in them, their cards, and counting that they were seen and followed.

A list page asks `placed` for what it may show, mixes the cards of its kind in by `placements.rules.spread`, and tells
`count` which it showed. A card with `ad` in its context is labelled, and its link leads over `follow`.
"""

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hutong.attract.placements import queries, services
from hutong.attract.placements.types import Slotted, Subject
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.know.insight.rules import is_machine
from hutong.web.shell.access import public

# So many are asked for: more than a page has room for, because some may not be on the list it shows.
AT_MOST = 6


def placed(*, region_id: int, category: str | None, at: datetime) -> dict[Subject, list[Slotted]]:
    """What may stand in paid positions of a list, by what it shows; one statement."""
    found = queries.for_slot(region_id=region_id, category=category, at=at, limit=AT_MOST)
    return {kind: [one for one in found if one.subject is kind] for kind in Subject}


def count(request: HttpRequest, refs: Iterable[str], at: datetime) -> None:
    """These placements are on the page that is being answered; nothing is counted for machines."""
    shown = list(refs)
    if shown and not is_machine(request.headers.get("User-Agent", "")):
        services.count_views(placement_refs=shown, at=at)


@public
@never_cache
@require_GET
def follow(request: HttpRequest, placement_ref: str) -> HttpResponse:
    """From a paid position to what it shows, counted. One that ended since leads there all the same."""
    at = clock.now()
    found = queries.placement_by_ref(placement_ref, at)
    if found is None:
        raise NotFound
    if not is_machine(request.headers.get("User-Agent", "")):
        services.count_click(placement_ref=placement_ref, at=at)
    page = "store" if found.subject is Subject.STORE else "deal"
    return HttpResponseRedirect(reverse(page, args=[found.subject_ref]))
