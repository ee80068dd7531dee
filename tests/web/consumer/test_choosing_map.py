"""Choosing a place on a map: one level at a time, the same in the list, outlines that a phone can carry."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.town.regions.models import Outline, Region
from hutong.web.consumer.place import REGION_COOKIE
from tests.factories import regions
from tests.web.consumer.test_choosing import towns  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("towns")]
MAP, OUTLINES = "/region/map/", "/region/outlines.json"


def slugs(client: Client, query: str = "") -> list[str]:
    page = client.get(MAP + query)
    config = json.loads(page.context["config"])
    listed = [one.slug for one in page.context["shown"]]
    assert [one["slug"] for one in config["areas"]] == listed
    assert all(f'value="{slug}"' in page.content.decode() for slug in listed)
    return listed


def test_each_level_is_on_the_map_and_in_the_list(client: Client) -> None:
    assert slugs(client) == ["kamppi"]  # of the town where one is; what has no shop is left out
    assert slugs(client, "?in=kamppi") == ["forum"]
    assert slugs(client, "?in=towns") == ["helsinki", "tampere"]
    assert slugs(client, "?in=forum") == slugs(client, "?in=tampere") == ["helsinki", "tampere"]
    assert slugs(client, "?in=nowhere") == ["kamppi"]
    client.cookies[REGION_COOKIE] = "tampere"
    assert slugs(client) == ["helsinki", "tampere"]


def test_the_map_opens_around_what_it_shows(client: Client) -> None:
    config = json.loads(client.get(f"{MAP}?in=kamppi").context["config"])
    (west, south), (east, north) = config["fit"]
    assert (west, south) == pytest.approx((24.935, 60.16), abs=1e-6)
    assert (east, north) == pytest.approx((24.943, 60.168), abs=1e-6)
    assert config["outlines"] == f"{OUTLINES}?in=kamppi"


def test_what_is_chosen_goes_where_the_list_leads(client: Client) -> None:
    page = client.get(f"{MAP}?next=/nearby/").content.decode()
    assert 'action="/region/"' in page
    assert '<input type="hidden" name="next" value="/nearby/">' in page
    chosen = client.post("/region/", {"region": "kamppi", "next": "/nearby/"})
    assert chosen.headers["Location"] == "/nearby/?area=kamppi"
    assert client.get("/region/").context["map_url"] == f"{MAP}?next=/"


def test_outlines_are_few_points(client: Client, at: datetime) -> None:
    outline = Outline.objects.get(region__slug="kamppi")
    ring = outline.coordinates[0][0]
    between = [
        [a[0] + (b[0] - a[0]) * step / 500, a[1] + (b[1] - a[1]) * step / 500]
        for a, b in pairwise(ring)
        for step in range(500)
    ]
    Outline.objects.filter(pk=outline.pk).update(coordinates=[[[*between, ring[0]]]], points=len(between) + 1)
    answer = client.get(f"{OUTLINES}?in=helsinki")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    (feature,) = answer.json()["features"]
    assert feature["properties"] == {"slug": "kamppi"}
    assert len(feature["geometry"]["coordinates"][0][0]) == 5
    # A town without an outline has none, and nothing breaks.
    assert client.get(f"{OUTLINES}?in=towns").json()["features"] == []


def test_statements_do_not_grow_with_the_regions(client: Client) -> None:
    used = []
    for more in (0, 30):
        for number in range(more):
            made = regions.region(slug=f"town-{number}")
            Region.objects.filter(pk=made.pk).update(shops=1)
        with CaptureQueriesContext(connection) as counted:
            client.get(f"{MAP}?in=towns")
        used.append(len(counted))
    assert used[0] == used[1] <= 9
