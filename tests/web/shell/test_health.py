"""What machines ask about a site, and what people are told when it breaks."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from hutong.web.shell import health

pytestmark = pytest.mark.django_db


def test_ready_when_the_tables_are_of_this_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ready", set())
    assert Client().get("/readyz").content == b"ready"


def test_not_ready_while_a_migration_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ready", set())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'contents'")
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert b"hutong migrate" in answer.content
    assert answer["Retry-After"]


def families(text: str) -> dict[str, list[float]]:
    return {
        family.name: [sample.value for sample in family.samples]
        for family in text_string_to_metric_families(text)
    }


def test_metrics_count_by_route_and_never_by_address() -> None:
    Client().get("/store/sto_notthere/")
    text = Client().get("/metrics").content.decode()
    found = families(text)
    assert 'hutong_requests_total{method="GET",route="store",status="404"}' in text
    assert "sto_notthere" not in text
    assert {"hutong_outbox_age_seconds", "hutong_refunds_open", "hutong_database_connections"} <= set(found)
    assert found["hutong_database_connections"][0] >= 1


def test_metrics_are_for_this_machine_or_for_who_knows_the_token(settings: Settings) -> None:
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 404
    assert Client().get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    settings.HUTONG_METRICS_TOKEN = "a token of some length"
    assert Client().get("/metrics").status_code == 404
    with_token = {"Authorization": f"Bearer {settings.HUTONG_METRICS_TOKEN}"}
    assert Client().get("/metrics", headers=with_token, REMOTE_ADDR="10.0.0.9").status_code == 200


def _breaks(_request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


class _WithABrokenPage:
    handler500 = "hutong.web.shell.views.broken"
    urlpatterns = [path("breaks/", _breaks), path("", include("hutong.config.urls"))]


@pytest.mark.parametrize(("language", "says"), [("en", "quote this number"), ("zh-hans", "请提供此编号")])
def test_every_error_page_names_its_request(language: str, says: str) -> None:
    browser = Client(raise_request_exception=False, headers={"Accept-Language": language})
    with override_settings(ROOT_URLCONF=_WithABrokenPage):
        for address, status in (("/breaks/", 500), ("/no-such-page/", 404)):
            answer = browser.get(address)
            assert answer.status_code == status
            assert answer["X-Request-Id"] in answer.content.decode()
            assert says in answer.content.decode()
