"""Every address of the site says whom it is for; one that does not is found here."""

from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.http import require_GET

from hutong.web.shell.access import Door, Permission, declare, declared, public
from tests.web.routes import Route, page_routes


def undeclared(routes: list[Route]) -> list[str]:
    """The names of the routes without a permission."""
    return [route.name or route.pattern for route in routes if declared(route.view) is None]


def test_every_page_declares_its_permission() -> None:
    routes = page_routes()
    assert len(routes) > 40
    assert undeclared(routes) == []


def test_every_page_has_a_name_of_its_own() -> None:
    names = [route.name for route in page_routes()]
    assert sorted(names) == sorted(set(names))
    assert all(names)


def nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class _Forgetful:
    """Addresses of which one forgot to say whom it is for."""

    urlpatterns = [
        path("said/", public(require_GET(nothing)), name="said"),
        path("forgotten/", lambda _request: HttpResponse(), name="forgotten"),
    ]


@override_settings(ROOT_URLCONF=_Forgetful)
def test_a_forgotten_permission_is_found() -> None:
    assert undeclared(page_routes()) == ["forgotten"]


def test_a_declaration_survives_the_decorators_of_django() -> None:
    view = require_GET(declare(require_GET(nothing), Permission(Door.OPERATOR)))
    assert declared(view) == Permission(Door.OPERATOR)
