"""What was done at the merchant: every entry of the log that names it, by the platform and by its own people."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hutong.kernel import audit
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.history import history

PAGE = 40
# A page of the platform's own entries is filled from at most so many.
MOST_READ = 400


@needs(Right.EDIT_STORE, everywhere=True)
@require_safe
def audit_log(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The entries, the newest first: the platform's alone, or everybody's (`show=all`).

    Who of the platform it was stays the platform's affair; when, what, from what to what and why do not.
    """
    everybody = request.GET.get("show") == "all"
    before = request.GET.get("before")
    found = audit.search(merchant=desk.merchant_ref, before=before, limit=PAGE if everybody else MOST_READ)
    lines = history(
        found.entries,
        zone=desk.store.zone,
        unit=desk.store.currency,
        for_merchant=True,
    )
    shown = [line for line in lines if everybody or line.by_platform]
    here = reverse("merchant_audit")
    query = {"show": "all"} if everybody else {}
    context = {
        "entries": shown,
        "next_url": f"{here}?{urlencode({**query, 'before': found.before})}" if found.before else "",
        "chips": [
            {"url": here, "label": _("By the platform"), "current": not everybody, "count": None},
            {"url": f"{here}?show=all", "label": _("By everybody"), "current": everybody, "count": None},
        ],
    }
    part = "operator/_history_rows.html" if before else ""
    return merchant_page(request, desk, "merchant/audit.html", context, tab="log", part=part)
