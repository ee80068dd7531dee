"""Giving a voucher to a friend: the link, and what is behind it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.visit.vouchers import queries, services
from hutong.web.shell.access import public, signed_in
from hutong.web.shell.parts import page


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, voucher_ref: str) -> HttpResponse:
    """GET: a few words to write, or the link. POST: make the link."""
    assert request.user.is_authenticated
    at = clock.now()
    if request.method == "POST":
        try:
            services.give(
                voucher_ref=voucher_ref, message=request.POST.get("message", "")[:500], by=request.user, at=at
            )
        except NotFound:
            raise
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("wallet")
        return redirect("voucher_give", voucher_ref)
    gift = queries.gift_of(voucher_ref, request.user)
    voucher = queries.voucher_view(voucher_ref, request.user, at=at)
    if gift is None and voucher is None:
        raise NotFound
    context = {
        "tab": "wallet",
        "gift": gift,
        "voucher": voucher,
        "link": request.build_absolute_uri(reverse("gift", args=[gift.token])) if gift and gift.token else "",
        "most": services.MAX_MESSAGE,
    }
    return page(request, "consumer/gift_give.html", context)


@signed_in
@require_POST
def take_back(request: HttpRequest, gift_ref: str) -> HttpResponse:
    """The link is good no more."""
    assert request.user.is_authenticated
    services.take_back(gift_ref=gift_ref, by=request.user, at=clock.now())
    messages.success(request, _("Taken back. The link is good no more."))
    return redirect("wallet")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request: HttpRequest, gift_token: str) -> HttpResponse:
    """GET: what somebody gives, for whoever has the link. POST: it is one's own from now on."""
    at = clock.now()
    found = queries.gift_by_token(gift_token, at=at)
    if found is None:
        raise services.GiftUnknown
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect(f"{reverse('sign_in')}?{urlencode({'next': request.path})}")
        try:
            voucher_ref = services.claim(token=gift_token, by=request.user, at=at)
        except DomainError as error:
            messages.error(request, str(error))
            return redirect(request.path)
        messages.success(request, _("It is yours now. Enjoy!"))
        return redirect("voucher", voucher_ref)
    mine = request.user.is_authenticated and request.user.public_id == found.claimed_by_ref
    own = request.user.is_authenticated and request.user.public_id == found.giver_ref
    context = {"tab": "wallet", "gift": found, "zone": found.zone, "mine": mine, "own": own}
    response = page(request, "consumer/gift.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
