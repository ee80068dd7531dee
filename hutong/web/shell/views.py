"""Pages of the shell: choices of language and scheme, the installable app, the gallery, the message tray."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template import Context, loader
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from hutong.town.people import queries as people
from hutong.town.people import services as people_services
from hutong.town.regions import queries as regions
from hutong.web.shell import gallery as examples
from hutong.web.shell import scheme, tray
from hutong.web.shell.access import public
from hutong.web.shell.parts import page, safe_next

COOKIE_AGE_S = 60 * 60 * 24 * 365


def _remember(request: HttpRequest, cookie: str, value: str) -> HttpResponse:
    response = HttpResponseRedirect(safe_next(request, "/"))
    response.set_cookie(cookie, value, max_age=COOKIE_AGE_S, samesite="Lax", secure=request.is_secure())
    return response


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language chosen and go back; an unknown one changes nothing."""
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES) or not check_for_language(wanted):
        return HttpResponseRedirect(safe_next(request, "/"))
    if request.user.is_authenticated:
        people_services.set_language(person=request.user, language=wanted)
    return _remember(request, settings.LANGUAGE_COOKIE_NAME, wanted)


@public
@require_POST
def set_scheme(request: HttpRequest) -> HttpResponse:
    """Remember the colour scheme chosen and go back; an unknown one counts as `auto`."""
    wanted = request.POST.get("scheme", "")
    return _remember(request, scheme.COOKIE, wanted if wanted in scheme.THEMES else "auto")


@cache
def _build_of_assets() -> str:
    """Changes whenever an asset does: the name of the service worker's cache."""
    digest = hashlib.sha256()
    for name in ("app.css", "app.js", "map.js", "scan.js", "charts.js", "push.js", "icons.svg"):
        path = finders.find(f"dist/{name}")
        if path:
            digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:12]


@public
@require_GET
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker; it lives at the root because it looks after the whole site."""
    context = {"build": _build_of_assets()}
    return render(request, "shell/sw.js", context, content_type="text/javascript")


@public
@require_GET
@cache_control(max_age=3600)
def manifest(_request: HttpRequest) -> JsonResponse:
    """The web app manifest, in the visitor's language."""
    icons = [
        {
            "src": static(f"icons/icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "any",
        }
        for size in (192, 512)
    ]
    maskable = {"src": static("icons/maskable-512.png"), "sizes": "512x512", "type": "image/png"}
    body = {
        "id": "/",
        "name": settings.HUTONG_SITE_NAME,
        "short_name": settings.HUTONG_SITE_NAME,
        "description": _("Deals of the shops around you"),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f8f5f1",
        "theme_color": "#c8370f",
        "icons": [*icons, {**maskable, "purpose": "maskable"}],
        "shortcuts": [
            {"name": _("My vouchers"), "url": reverse("wallet")},
            {"name": _("Map"), "url": reverse("map")},
        ],
    }
    return JsonResponse(body, content_type="application/manifest+json")


def broken(request: HttpRequest) -> HttpResponse:
    """The page of an error nobody expected; it asks the database nothing, which may be what is broken."""
    text = loader.get_template("500.html").template.render(Context({"request": request}))  # type: ignore[attr-defined]
    return HttpResponse(text, status=500)


@public
@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows for a page it does not have."""
    return render(request, "shell/offline.html")


@public
@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    return page(request, "shell/gallery.html", examples.context())


@public
@require_GET
def messages_tray(request: HttpRequest) -> HttpResponse:
    """The demo's telephone: the last messages, newest first. Only where the tray is, to whom it is open."""
    opened = tray.open_with_key(request)
    if opened:
        return opened
    if not tray.is_open_to(request):
        raise Http404
    region = regions.default_region()
    context = {
        "messages_sent": people.messages(limit=20),
        "zone": region.zone if region else "",
        "phone_page": bool(settings.HUTONG_LAN_CERTIFICATE),
    }
    return page(request, "shell/messages.html", context, part="shell/_messages.html")
