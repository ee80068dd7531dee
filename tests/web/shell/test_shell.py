"""Language, scheme, the installable app, the basemap's ranges, the message tray."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory

from hutong.web.shell.parts import safe_next, wants_part
from tests.factories import people
from tests.web.visitors import visitor

PHONE_APP = ["/manifest.webmanifest", "/sw.js", "/offline/"]


@pytest.mark.django_db
def test_language_is_remembered(client: Client) -> None:
    answer = client.post("/language/", {"language": "zh-hans", "next": "/sign-in/?next=/wallet/"})
    assert answer["Location"] == "/sign-in/?next=/wallet/"
    page = client.get("/sign-in/").content.decode()
    assert '<html lang="zh-Hans"' in page
    assert "手机号登录" in page
    client.post("/language/", {"language": "klingon"})
    assert '<html lang="zh-Hans"' in client.get("/sign-in/").content.decode()


@pytest.mark.django_db
def test_language_is_also_the_persons() -> None:
    person = people.person()
    visitor(person).post("/language/", {"language": "zh-hans"})
    person.refresh_from_db()
    assert person.language == "zh-hans"


@pytest.mark.django_db
def test_scheme_is_remembered_and_auto_follows_the_system(client: Client) -> None:
    assert "data-theme" not in client.get("/sign-in/").content.decode()
    client.post("/scheme/", {"scheme": "dark"})
    assert 'data-theme="hutong-dark"' in client.get("/sign-in/").content.decode()
    client.post("/scheme/", {"scheme": "auto"})
    assert "data-theme" not in client.get("/sign-in/").content.decode()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", ""]
)
def test_nobody_is_sent_to_strangers(target: str) -> None:
    request = RequestFactory().get("/sign-in/", {"next": target})
    assert safe_next(request, "/home") == "/home"


def test_part_is_for_htmx_alone() -> None:
    make = RequestFactory().get
    assert wants_part(make("/", headers={"HX-Request": "true"}))
    assert not wants_part(make("/"))
    assert not wants_part(make("/", headers={"HX-Request": "true", "HX-Boosted": "true"}))
    assert not wants_part(make("/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}))


@pytest.mark.parametrize("path", PHONE_APP)
def test_the_app_needs_no_database(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_service_worker_keeps_the_wallet_and_forgets_it_on_sign_out(client: Client) -> None:
    answer = client.get("/sw.js")
    assert answer["Content-Type"] == "text/javascript"
    assert "no-cache" in answer["Cache-Control"]
    assert 'const LEAVES = ["/sign-out/"];' in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_gallery_shows_every_component(client: Client, language: str) -> None:
    client.cookies["django_language"] = language
    answer = client.get("/gallery/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert page.count('class="ticket ') == 4
    assert page.count("is-spent") == 3
    assert " style=" not in page
    assert "<script>" not in page


def test_every_page_refuses_inline_code(client: Client) -> None:
    policy = client.get("/offline/")["Content-Security-Policy"]
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert "unsafe-eval" not in scripts.replace("wasm-unsafe-eval", "")


@pytest.mark.django_db
def test_tray_is_for_the_demo_alone(client: Client, settings: Any) -> None:
    assert client.get("/demo/messages/").status_code == 200
    settings.HUTONG_SMS = settings.HUTONG_VOICE = "console"
    assert client.get("/demo/messages/").status_code == 404


@pytest.fixture
def tiles(tmp_path: Path, settings: Any) -> str:
    """A basemap of 1,000 bytes."""
    settings.HUTONG_BASEMAPS = tmp_path
    (tmp_path / "town.pmtiles").write_bytes(bytes(range(250)) * 4)
    (tmp_path.parent / "secret.pmtiles").write_bytes(b"secret")
    return "/basemaps/town.pmtiles"


def test_basemap_is_read_in_ranges(client: Client, tiles: str) -> None:
    part = client.get(tiles, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == bytes(range(10, 20))
    assert part["Content-Range"] == "bytes 10-19/1000"
    rest = client.get(tiles, headers={"Range": "bytes=990-"})
    assert (rest.status_code, len(rest.content)) == (206, 10)
    assert client.get(tiles, headers={"Range": "bytes=1000-"}).status_code == 416
    assert len(b"".join(client.get(tiles).streaming_content)) == 1000  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["nothing.pmtiles", "..%2Fsecret.pmtiles", "town.pmtiles.txt", ".town.pmtiles"]
)
def test_basemap_gives_nothing_else(client: Client, tiles: str, name: str) -> None:
    assert client.get(f"/basemaps/{name}").status_code == 404
