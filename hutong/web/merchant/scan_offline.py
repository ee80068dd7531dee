"""Scanning without a network: what the page keeps, what it tells afterwards, conflicts, and the shop's limits."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from hutong.flows import offline_scans, redeem
from hutong.kernel import clock
from hutong.kernel.errors import Invalid
from hutong.kernel.http import client_address, problem
from hutong.town.merchants.types import Right
from hutong.visit.vouchers.queries import offline
from hutong.visit.vouchers.rules.terms import MOST_USES
from hutong.visit.vouchers.services import offline as services
from hutong.visit.vouchers.types.offline import Bearer, OfflineLimits, ScanFact
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.deal_fields import AmountField
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.offline_words import conflict_words
from hutong.web.shell.access import public

MOST_BYTES = 200_000
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
BEARERS = [
    (Bearer.SHOP.value, gettext_lazy("The shop bears it")),
    (Bearer.SHOPPER.value, gettext_lazy("The shop asks the shopper")),
]


class LimitsForm(forms.Form):
    """What scanners may do without a network, and who bears a conflict."""

    allowed = forms.BooleanField(label=gettext_lazy("Phones may scan without a network"), required=False)
    most_hours = forms.IntegerField(
        label=gettext_lazy("Hours since a phone last reached the site, at most"), min_value=1, max_value=168
    )
    most_scans = forms.IntegerField(
        label=gettext_lazy("Scans that wait on one phone, at most"), min_value=1, max_value=1000
    )
    borne_by = forms.ChoiceField(
        label=gettext_lazy("When a scan cannot be redeemed"),
        choices=[*BEARERS, ("", gettext_lazy("A manager decides about each"))],
        required=False,
    )

    def __init__(self, unit: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["most_value"] = AmountField(unit, label=_("Worth of the scans that wait, at most"))
        self.order_fields(["allowed", "most_hours", "most_scans", "most_value", "borne_by"])

    def limits(self) -> OfflineLimits:
        """What was said."""
        data = self.cleaned_data
        return OfflineLimits(
            allowed=data["allowed"],
            most_hours=data["most_hours"],
            most_scans=data["most_scans"],
            most_value_minor=data["most_value"],
            borne_by=Bearer(data["borne_by"]) if data["borne_by"] else None,
        )


class DecisionForm(forms.Form):
    """Who bears a conflict, and why."""

    borne_by = forms.ChoiceField(label=gettext_lazy("Who bears it"), choices=BEARERS)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, strip=True)


class FactsUnreadable(Invalid):
    """What a scan page tells does not have its shape."""

    code = "request_invalid"


@needs(Right.REDEEM, device=True)
@require_GET
def bundle(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What the page keeps for the time without a network. That it is answered is how the page knows there is one.

    Nothing (204) for a shop that still waits for its approval.
    """
    if not desk.approved:
        return HttpResponse(status=204)
    made = offline_scans.bundle(actor=_actor(desk, ""), at=clock.now())
    return JsonResponse(
        {
            "merchant": made.merchant_ref,
            "store": made.store_ref,
            "store_mark": made.store_mark,
            "zone": made.zone,
            "keys": [
                {"number": number, "key": base64.b64encode(key).decode()} for number, key in made.keys.items()
            ],
            "limits": {
                "allowed": made.limits.allowed,
                "most_hours": made.limits.most_hours,
                "most_scans": made.limits.most_scans,
                "most_value_minor": made.limits.most_value_minor,
            },
            "revoked": made.revoked,
            # The page may be older than the session: its own token need not be good any more.
            "csrf": get_token(request),
        }
    )


@needs(Right.REDEEM, device=True)
@require_POST
def tell(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Take the scans that waited; each counts once by its nonce, however often it is told."""
    try:
        now, store_ref, facts = _facts(request.body)
    except FactsUnreadable as error:
        return problem(request, error)
    told = offline_scans.upload(
        facts=facts,
        device_now=now,
        actor=_actor(desk, store_ref),
        address=client_address(request),
        at=clock.now(),
    )
    scans = [{"nonce": one.nonce, "outcome": one.outcome.value, "reason": one.reason} for one in told.scans]
    return JsonResponse({"scans": scans, "clock_off_s": told.clock_off_s})


@needs(Right.REDEEM)
@require_safe
def conflicts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What was served without a network and could not be redeemed, and the limits."""
    return _show(request, desk, None)


@needs(Right.UNDO)
@require_POST
def settle(request: HttpRequest, desk: Desk, scan_ref: str) -> HttpResponse:
    """Decide who bears a conflict of this store, with a reason."""
    if offline.conflict(scan_ref, [desk.store.ref]) is None:
        raise Http404
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _show(request, desk, None, wrong=(scan_ref, form), status=422)
    assert desk.person is not None, "managers are signed in"
    services.settle_conflict(
        scan_ref=scan_ref,
        borne_by=Bearer(form.cleaned_data["borne_by"]),
        reason=form.cleaned_data["reason"],
        merchant_ref=desk.merchant_ref,
        by=desk.person,
        at=clock.now(),
    )
    messages.success(request, _("Decided, and kept on record."))
    return redirect("merchant_conflicts")


@needs(Right.MANAGE_DEVICES, everywhere=True)
@require_http_methods(["POST"])
def set_limits(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Say what all phones of the shop may do without a network."""
    form = LimitsForm(desk.store.currency, request.POST)
    if not form.is_valid():
        return _show(request, desk, form, status=422)
    assert desk.person is not None, "managers are signed in"
    services.set_limits(merchant_ref=desk.merchant_ref, limits=form.limits(), by=desk.person, at=clock.now())
    messages.success(request, _("Saved. Phones learn it when they next reach the site."))
    return redirect("merchant_conflicts")


@public
@require_GET
@cache_control(max_age=3600)
def manifest(_request: HttpRequest) -> JsonResponse:
    """The manifest of the scanner: an app of its own on the phone of a shop."""
    icons = [
        {"src": static(f"icons/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in (192, 512)
    ]
    body = {
        "id": reverse("merchant_scan"),
        "name": _("Scanner of %(site)s") % {"site": settings.HUTONG_SITE_NAME},
        "short_name": _("Scanner"),
        "start_url": reverse("merchant_scan"),
        "scope": reverse("merchant_today"),
        "display": "standalone",
        "background_color": "#f8f5f1",
        "theme_color": "#c8370f",
        "icons": icons,
    }
    return JsonResponse(body, content_type="application/manifest+json")


def _actor(desk: Desk, store_ref: str) -> redeem.Actor:
    """Who scans: in the store in which the phone scanned, where that was another one then."""
    device_ref = desk.device.ref if desk.device else None
    return redeem.actor_for(device_ref=device_ref, person=desk.person, store_ref=store_ref or desk.store.ref)


def _facts(body: bytes) -> tuple[datetime, str, list[ScanFact]]:
    """The page's clock, the store it scanned in, and its scans. Raises `FactsUnreadable`."""
    if len(body) > MOST_BYTES:
        raise FactsUnreadable
    try:
        said = json.loads(body)
        store_ref = said.get("store") or ""
        facts = [
            # A page that was opened before pages said how many means one.
            ScanFact(
                nonce=one["nonce"],
                qr=one["qr"],
                scanned_at=_moment(one["scanned_at"]),
                uses=one.get("uses", 1),
            )
            for one in said["scans"]
        ]
        now = _moment(said["now"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FactsUnreadable from error
    texts = [store_ref, *(fact.nonce for fact in facts), *(fact.qr for fact in facts)]
    if any(not isinstance(text, str) or "\0" in text for text in texts):
        raise FactsUnreadable
    if any(not 8 <= len(fact.nonce) <= 64 or len(fact.qr) > 700 for fact in facts):
        raise FactsUnreadable
    if any(type(fact.uses) is not int or not 1 <= fact.uses <= MOST_USES for fact in facts):
        raise FactsUnreadable
    return now, store_ref, facts


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not EARLIEST <= moment <= LATEST:
        raise ValueError("a moment without a zone, or of another century")
    return moment


def _show(
    request: HttpRequest,
    desk: Desk,
    form: LimitsForm | None,
    *,
    wrong: tuple[str, DecisionForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    limits = offline.limits_of(desk.merchant_ref)
    initial = {
        "allowed": limits.allowed,
        "most_hours": limits.most_hours,
        "most_scans": limits.most_scans,
        "most_value": limits.most_value_minor,
        "borne_by": limits.borne_by.value if limits.borne_by else "",
    }
    bearers = dict(BEARERS)
    decides = desk.may(Right.UNDO)
    lines = [
        {
            "scan": line,
            "words": conflict_words(line.reason),
            "borne_by": bearers[line.borne_by.value] if line.borne_by else "",
            "by_policy": line.settled_by == "policy",
            "form": (
                (wrong[1] if wrong and wrong[0] == line.ref else DecisionForm(auto_id=f"{line.ref}_%s"))
                if decides
                else None
            ),
        }
        for line in offline.conflicts_in([desk.store.ref])
    ]
    context = {
        "lines": lines,
        "form": form or LimitsForm(desk.store.currency, initial=initial),
        "may_limit": desk.may(Right.MANAGE_DEVICES, everywhere=True),
    }
    return merchant_page(request, desk, "merchant/conflicts.html", context, tab="scan", status=status)
