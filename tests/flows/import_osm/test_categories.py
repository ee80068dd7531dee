"""The mapping of tags to categories."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.flows.import_osm.categories import as_markdown, category_of, category_specs

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("tags", "slug"),
    [
        ({"amenity": "restaurant"}, "restaurant"),
        ({"amenity": "restaurant", "cuisine": "Sushi; burger"}, "asian"),
        ({"amenity": "fast_food", "cuisine": "kebab;pizza"}, "italian"),
        ({"amenity": "nightclub;restaurant"}, "club"),
        ({"shop": "deli; kitchen"}, "delicatessen"),
        ({"tourism": "hotel", "amenity": "restaurant"}, "restaurant"),
        ({"amenity": "bench", "shop": "books"}, "books"),
        ({"shop": "something_new"}, "other-shop"),
        ({"shop": "vacant"}, None),
        ({"shop": "no", "craft": "shoemaker"}, "laundry"),
        ({"office": "company"}, None),
        ({"amenity": "atm"}, None),
        ({"leisure": "park"}, None),
        ({"shop": ""}, None),
        ({}, None),
    ],
)
def test_tags_lead_to_a_category(tags: dict[str, str], slug: str | None) -> None:
    assert category_of(tags) == slug


def test_two_levels_with_both_languages_and_a_picture_the_site_has() -> None:
    pictures = {
        line.split()[0] for line in (ROOT / "frontend" / "emoji.txt").read_text().splitlines() if line
    }
    specs = category_specs()
    groups = {spec.slug for spec in specs if spec.parent_slug is None}
    assert len({spec.slug for spec in specs}) == len(specs)
    assert 35 <= len(specs) - len(groups) <= 50
    for spec in specs:
        assert set(spec.names) == {"en", "zh-Hans"}
        assert spec.emoji in pictures, spec
        assert spec.parent_slug is None or spec.parent_slug in groups
    assert [spec.position for spec in specs] == list(range(len(specs)))


def test_the_page_of_the_reference_is_the_mapping() -> None:
    assert (ROOT / "docs" / "reference" / "osm-categories.md").read_text(encoding="utf-8") == as_markdown(), (
        "print it anew with hutong.flows.import_osm.categories.as_markdown()"
    )
