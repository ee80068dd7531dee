"""Files of pictures over HTTP: for ever, as a picture and nothing else, and nothing but such files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from hutong.town.pictures.services.files import store
from hutong.town.pictures.services.rendering import render
from hutong.town.pictures.types import Cover, Variant
from tests.factories.pictures import upload


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """A folder of its own for each test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def name() -> str:
    """A picture's file."""
    return store(render(upload()).sizes[0].webp, "webp")


def test_a_file_is_named_after_its_bytes_and_kept_once(media: Path, name: str) -> None:
    path = media / name
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert name == f"{digest[:2]}/{digest[2:]}.webp"
    before = path.stat().st_ino
    assert store(path.read_bytes(), "webp") == name
    assert path.stat().st_ino == before
    assert [one.name for one in media.rglob("*") if one.is_file()] == [path.name]


def test_a_picture_is_served_for_ever_and_runs_nothing(client: Client, name: str) -> None:
    response = client.get(f"/media/{name}")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"".join(response.streaming_content).startswith(b"RIFF")  # type: ignore[attr-defined]
    again = client.get(f"/media/{name}", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304
    assert client.head(f"/media/{name}").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["..%2f..%2fhutong.env", "ab/../../secret", "ab/x.webp", "zz/" + "0" * 62 + ".webp", "ab/.part"]
)
def test_nothing_else_of_the_machine_is_served(client: Client, media: Path, path: str) -> None:
    (media / "ab").mkdir(parents=True)
    (media / "ab" / "x.webp").write_bytes(b"x")
    (media / "ab" / ".part").write_bytes(b"x")
    (media.parent / "secret").write_bytes(b"x")
    assert client.get(f"/media/{path}").status_code == 404


def test_the_tag_offers_every_size_and_keeps_the_place() -> None:
    cover = Cover(
        alts={"en": 'The "bar"', "zh-Hans": "吧台"},
        colour="#c0392b",
        variants=(Variant(320, 240, "aa/s.webp", "aa/s.jpg"), Variant(640, 480, "bb/l.webp", "bb/l.jpg")),
    )
    made = Template("{% load pictures %}{% picture cover sizes='8rem' %}|{{ cover|ground }}")
    html = made.render(Context({"cover": cover}))
    assert 'srcset="/media/aa/s.webp 320w, /media/bb/l.webp 640w" sizes="8rem"' in html
    assert 'src="/media/aa/s.jpg"' in html
    assert 'width="640" height="480"' in html
    assert 'alt="The &quot;bar&quot;"' in html
    assert 'loading="lazy"' in html
    assert html.endswith("|hue-0")
    assert "style=" not in html
    with translation.override("zh-hans"):
        assert 'alt="吧台"' in made.render(Context({"cover": cover}))
