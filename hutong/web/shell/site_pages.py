"""Terms, privacy, imprint: what the operator says about the site, in the reader's language."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from hutong.flows import site_pages
from hutong.flows.site_pages import SitePage
from hutong.web.shell.access import public
from hutong.web.shell.parts import page

TITLES = {
    SitePage.TERMS: _("Terms of use"),
    SitePage.PRIVACY: _("Privacy"),
    SitePage.IMPRINT: _("Imprint"),
}


def _show(request: HttpRequest, which: SitePage) -> HttpResponse:
    found = site_pages.read(which, get_language() or "en")
    return page(request, "shell/site_page.html", {"page": found, "title": TITLES[which], "tab": "me"})


@public
@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """On what terms one uses the site."""
    return _show(request, SitePage.TERMS)


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept about people, and which cookies there are."""
    return _show(request, SitePage.PRIVACY)


@public
@require_safe
def imprint(request: HttpRequest) -> HttpResponse:
    """Who runs the site."""
    return _show(request, SitePage.IMPRINT)
