"""One question of stores: every filter at once, counted, with typing errors mended; and suggestions while typing."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from ninja.responses import NinjaJSONEncoder

from hutong.api.datum import answered, not_swapped
from hutong.api.doors import PUBLIC, Scope, scope
from hutong.api.schemas.question import Asked, Begun, FindingOut, SuggestionOut, finding
from hutong.attract.search import queries
from hutong.kernel.geo import Datum

router = Router(tags=["Finding"])


@router.get("/stores/find", auth=PUBLIC, response=FindingOut)
def find_stores(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    """The stores that answer a question, the best match first or in another order."""
    answer = queries.find(asked.question(), facets=asked.facets)
    if not (answer.items or answer.next or asked.after):
        not_swapped(asked.place)
    return _said(finding(answer), asked.datum)


@router.get("/operator/stores/find", auth=scope(Scope.OPERATOR_READ), response=FindingOut)
def explain_stores(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    """The same, with the parts of each score, for who runs the platform."""
    answer = queries.find(asked.question(), facets=asked.facets, explain=True)
    return _said(finding(answer), asked.datum)


@router.get("/stores/suggest", auth=PUBLIC, response=list[SuggestionOut])
def suggest_stores(request: HttpRequest, begun: Query[Begun]) -> list[SuggestionOut]:
    """What somebody may mean who is still typing: categories, shops near the place, words, deals."""
    found = queries.suggest(begun.text, place=begun.place, language=begun.language, limit=begun.limit)
    if not found:
        not_swapped(begun.place)
    return [
        SuggestionOut(
            kind=one.kind.value,
            text=one.text,
            ref=one.ref,
            stores=one.stores,
            distance_m=None if one.distance_m is None else round(one.distance_m),
        )
        for one in found
    ]


def _said(found: dict[str, Any], datum: Datum) -> HttpResponse:
    text = json.dumps(answered(found, datum), cls=NinjaJSONEncoder, ensure_ascii=False)
    return HttpResponse(text, content_type="application/json; charset=utf-8")
