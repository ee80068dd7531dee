"""What search engines may look at, and the list of it."""

from collections.abc import Callable, Iterable
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from hutong.attract.search.queries import listing
from hutong.kernel.errors import NotFound
from hutong.town.merchants import queries as merchants
from hutong.web.consumer.open_web import absolute, alternates, deal_path, store_path
from hutong.web.shell.access import public

MAX_AGE_S = 3600
# Pages of one's own, of shops' and of the operator's people: nothing to find there.
_PRIVATE = (
    "/admin/",
    "/api/",
    "/merchant/",
    "/operator/",
    "/me/",
    "/orders/",
    "/wallet/",
    "/voucher/",
    "/pay/",
)
_SPACES = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

_PARTS: dict[
    str, tuple[Callable[[], list[int]], Callable[[int], list[listing.Listed]], Callable[..., str]]
] = {
    "stores": (listing.store_parts, listing.listed_stores, store_path),
    "deals": (listing.deal_parts, listing.listed_deals, deal_path),
}


@public
@require_GET
@cache_control(public=True, max_age=MAX_AGE_S)
def robots(_request: HttpRequest) -> HttpResponse:
    """What may be looked at: all public pages of a real site, nothing of a demo or a trial."""
    if settings.HUTONG_MODE in ("demo", "trial"):
        return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in _PRIVATE),
        f"Sitemap: {absolute(reverse('sitemap'))}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@public
@require_GET
@cache_control(public=True, max_age=MAX_AGE_S)
def index(_request: HttpRequest) -> HttpResponse:
    """The parts of the site map: pages, then shops and deals by ten thousands."""
    addresses = [reverse("sitemap_part", args=["pages", 0])]
    for kind, (parts, _listed, _path) in _PARTS.items():
        addresses += [reverse("sitemap_part", args=[kind, number]) for number in parts()]
    body = "".join(f"<sitemap><loc>{escape(absolute(one))}</loc></sitemap>\n" for one in addresses)
    return _xml(f"{_HEAD}<sitemapindex {_SPACES}>\n{body}</sitemapindex>\n")


@public
@require_GET
@cache_control(public=True, max_age=MAX_AGE_S)
def part(_request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """One part; at most ten thousand addresses, each with its languages."""
    if kind == "pages" and number == 0:
        return _urls((path, "") for path in _pages())
    if kind not in _PARTS or number > 1_000_000_000:
        raise NotFound
    _parts, listed, path = _PARTS[kind]
    return _urls((path(one.ref, one.names), one.changed_at.date().isoformat()) for one in listed(number))


def _pages() -> list[str]:
    nearby = reverse("nearby")
    slugs = [one.slug for group in merchants.category_tree() for one in (group, *group.children)]
    return [reverse("home"), nearby, *(f"{nearby}?category={slug}" for slug in slugs)]


def _urls(listed: Iterable[tuple[str, str]]) -> HttpResponse:
    entries = []
    for path, changed_on in listed:
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}" href={quoteattr(url)}/>'
            for code, url in alternates(path)
        )
        changed = f"<lastmod>{changed_on}</lastmod>" if changed_on else ""
        entries.append(f"<url><loc>{escape(absolute(path))}</loc>{changed}{links}</url>\n")
    return _xml(f"{_HEAD}<urlset {_SPACES}>\n{''.join(entries)}</urlset>\n")


def _xml(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/xml")
