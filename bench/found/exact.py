"""Random nearby questions against looking at every store."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy
from rich.console import Console
from rich.progress import Progress

from bench.found import kinds, words
from bench.table import Row, exactly
from hutong.attract.search import queries
from hutong.kernel.geo import mercator
from hutong.kernel.rows import rows

QUESTIONS = 1_000
LIMIT = 20
RADIUS_M = 200_000.0  # the whole city


def run(console: Console) -> list[Row]:
    """All of 1,000, anywhere in the city, of all stores or of a category or a group."""
    return [exactly("random nearby questions equal to brute force", ours=_equal(console), of=QUESTIONS)]


def _equal(console: Console) -> int:
    found = rows(
        "SELECT t.store_ref AS ref, t.place[0] AS x, t.place[1] AS y, c.slug, g.slug AS root"
        " FROM search_searchstore t JOIN merchants_category c ON c.id = t.category_id"
        " JOIN merchants_category g ON g.id = t.root_category_id ORDER BY t.store_ref"
    )
    refs = numpy.array([one["ref"] for one in found])
    xs, ys = (numpy.array([one[side] for one in found]) for side in ("x", "y"))
    members: dict[str | None, Any] = {None: numpy.arange(len(found))}
    for column in ("slug", "root"):
        slugs = numpy.array([one[column] for one in found])
        members |= {str(slug): numpy.flatnonzero(slugs == slug) for slug in numpy.unique(slugs)}
    del found
    chance = random.Random(2026)
    among, choices = kinds.stores(), [None, *words.KINDS, *(slug for slug in members if slug)]
    equal = 0
    with Progress(console=console) as progress:
        for _ in progress.track(range(QUESTIONS), description="Random questions against brute force"):
            place, category = chance.choice(among).place, chance.choice(choices)
            x, y = mercator(place)
            these = members[category]
            away = numpy.hypot(xs[these] - x, ys[these] - y)
            # Ties at one distance come by their refs, which is the order of the rows.
            few = numpy.argpartition(away, LIMIT * 2)[: LIMIT * 2] if len(these) > LIMIT * 2 else slice(None)
            among_these, distances = these[few], away[few]
            nearest = among_these[numpy.lexsort((refs[among_these], distances))[:LIMIT]]
            told = queries.nearby_json(place=place, category=category, limit=LIMIT, radius_m=RADIUS_M)
            equal += [item["ref"] for item in json.loads(told)["items"]] == [
                str(ref) for ref in refs[nearest]
            ]
    return equal
