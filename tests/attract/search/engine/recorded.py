"""Requests that OpenSearch is sent, and what the simulator answers, as they were recorded.

`python -m tests.attract.search.engine.recorded` writes them anew, after a change that is meant to change them. Nothing
here asks a database: the documents are made of names, with keys that do not change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hutong.attract.search.opensearch import asking, index
from hutong.attract.search.opensearch.asking import Known
from hutong.attract.search.rules import tokens
from hutong.attract.search.types import Area, Bounds, Circle, Question, StoreSort
from hutong.kernel.geo import Place
from tests.fakes.opensearch import Index, search

FOLDER = Path(__file__).parent / "recorded"
AT = datetime(2026, 6, 3, 10, tzinfo=UTC)
HERE = Place(24.94, 60.17)
KNOWN = Known(category_id=7, group_id=3, open_now=(1, 2), open_then=(2,))
_NAMES = ("Aurora Noodle Bar", "Noodle House Aurora", "兰州拉面", "Golden Kettle")


def documents() -> list[dict[str, Any]]:
    """Four stores in a row, as they are kept."""
    return [
        index.document(
            {
                "store_id": number,
                "category_id": 7 + number % 2,
                "root_category_id": 3,
                "lon": HERE.lon + number / 100,
                "lat": HERE.lat,
                "district_id": 20,
                "circle_id": 30 if number > 2 else None,
                "hours_id": number if number < 4 else None,
                "rating": 5.0 - number / 2,
                "price_band": number,
                "price_from": None if number == 4 else 1_000 * number,
                "sold": 10 * number,
                "deals": int(number != 4),
                "quality": number / 8,
                "tags": ["book_ahead"] if number == 2 else [],
                **{field: list(tokens.lexemes(name)) for field in index.FIELDS.values()},
            }
        )
        for number, name in enumerate(_NAMES, start=1)
    ]


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each kind of request, by name."""

    def asked(text: str = "", **more: Any) -> Question:
        return Question(**{"place": HERE, "within": Circle(HERE, 5_000.0), "at": AT, "text": text, **more})

    def page(question: Question, *after: float | int) -> dict[str, Any]:
        return asking.page(question, tokens.typed(question.text), KNOWN, size=3, after=after)

    every = asked(
        "aurora noodle",
        category="cafe",
        price_bands=frozenset({1, 2}),
        least_rating=4.0,
        open_at=AT + timedelta(hours=2),
        has_deal=True,
        bookable=True,
        tags=frozenset({"book_ahead"}),
    )
    yield "words", page(asked("aurora noodle"))
    yield "characters", page(asked("拉面"))
    yield "sounds", page(asked("lamian"))
    yield "no-words", page(asked())
    yield "every-filter", page(every)
    yield "nearest", page(asked(sort=StoreSort.DISTANCE), 0.5, 1)
    yield "cheapest", page(asked(sort=StoreSort.PRICE), 1_000, 1)
    yield "newest", page(asked(sort=StoreSort.NEWEST), 4)
    yield "box", page(asked(sort=StoreSort.RATING, within=Bounds(24.9, 60.1, 25.0, 60.2)))
    yield "area", page(asked(sort=StoreSort.SALES, within=Area(30, Bounds(24.9, 60.1, 25.0, 60.2))))
    yield "counts", asking.counts(asked("aurora"), tokens.typed("aurora"), KNOWN)
    yield "counts-of-every-filter", asking.counts(every, tokens.typed(every.text), KNOWN)
    yield "shops", asking.shops(tokens.typed("auro"), HERE, within_m=50_000.0, size=3)


def filled() -> Index:
    """An index of the simulator with the documents in it."""
    made = Index("recorded", index.MAPPINGS["properties"])
    made.documents = {str(one["store"]): (1, one) for one in documents()}
    made.refresh()
    return made


def text(asked: dict[str, Any], answered: dict[str, Any]) -> str:
    """As it is kept."""
    both = {"asked": asked, "answered": answered}
    return json.dumps(both, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    there = filled()
    for name, body in bodies():
        (FOLDER / f"{name}.json").write_text(text(body, search(there, body)))


if __name__ == "__main__":
    main()
