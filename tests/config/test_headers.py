"""What every answer says to a browser about safety."""

import pytest
from django.test import Client

from hutong.kernel import audit
from hutong.town.people.models import Person
from tests.factories import people


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/gallery/", "/api/v1/openapi.json", "/no-such-page/"])
def test_strict_policy_on_every_page(client: Client, path: str) -> None:
    answer = client.get(path)
    policy = {
        directive.split(" ", 1)[0]: directive for directive in answer["Content-Security-Policy"].split("; ")
    }
    assert "unsafe-inline" not in policy["script-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    assert policy["object-src"] == "object-src 'none'"
    assert policy["frame-ancestors"] == "frame-ancestors 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Request-Id"].startswith("req_")


@pytest.mark.django_db
def test_back_office_has_a_policy_of_its_own(client: Client) -> None:
    policy = client.get("/admin/login/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy
    assert "object-src 'none'" in policy


@pytest.mark.django_db
def test_back_office_shows_people_and_makes_none(client: Client) -> None:
    client.force_login(Person.objects.create_superuser("+358400000099", "x"))
    assert "+358400000099" in client.get("/admin/people/person/").content.decode()
    assert client.get("/admin/people/person/add/").status_code == 403


@pytest.mark.django_db
def test_what_the_back_office_changes_is_in_the_log(client: Client) -> None:
    superuser = Person.objects.create_superuser("+358400000099", "x")
    client.force_login(superuser)
    somebody = people.person()
    page = f"/admin/people/person/{somebody.pk}/change/"
    assert client.post(page, {"is_active": "on", "name": "Another", "is_operator": "on"}).status_code == 302
    assert not audit.search(subject=somebody.public_id).entries  # nothing that may be set was different
    assert client.post(page, {"is_staff": "on"}).status_code == 302
    [entry] = audit.search(subject=somebody.public_id).entries
    assert (entry.action, entry.actor_ref) == ("person.rights_changed", superuser.public_id)
    assert entry.changes == {"is_active": [True, False], "is_staff": [False, True]}
    somebody.refresh_from_db()
    assert (somebody.name, somebody.is_operator, somebody.is_active) == ("", False, False)


@pytest.mark.django_db
def test_request_id_from_a_proxy_is_kept_when_it_is_plain(client: Client) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "abc-12345"})["X-Request-Id"] == "abc-12345"
    assert client.get("/healthz", headers={"X-Request-Id": "a\tb<script>"})["X-Request-Id"].startswith("req_")
