"""Where one works, and with what: the choice of the store, and phones paired as scanners."""

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from hutong.kernel import clock
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.types import Right
from hutong.web.merchant.access import DEVICE_KEY, STORE_KEY, Desk, needs, staff
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.words import ROLES
from hutong.web.shell.parts import safe_next


class PairForm(forms.Form):
    """The name of this phone, and whether its person leaves it to others."""

    name = forms.CharField(
        label=gettext_lazy("Name of this phone"),
        max_length=80,
        help_text=gettext_lazy("So that you can tell it from the others, for example “Till by the door”."),
    )
    sign_out = forms.BooleanField(
        label=gettext_lazy("Sign me out here"),
        help_text=gettext_lazy(
            "The phone can then scan for everybody, and shows no takings and no customers."
        ),
        required=False,
    )


@staff
@require_safe
def desk_page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The store one works in, and its devices."""
    return _show(request, desk, PairForm())


@staff
@require_POST
def choose(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Work in another store from now on; remembered in the session."""
    wanted = request.POST.get("store", "")
    if wanted not in {store.ref for store in desk.stores}:
        raise Http404
    request.session[STORE_KEY] = wanted
    return redirect(safe_next(request, "merchant_desk"))


@needs(Right.MANAGE_DEVICES)
@require_POST
def pair(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make this phone a scanner of the store: from now on it redeems as itself."""
    form = PairForm(request.POST)
    if not form.is_valid() or desk.device is not None:
        return _show(request, desk, form, status=422)
    assert desk.person is not None, "managers are signed in"
    device = services.pair_device(
        store_ref=desk.store.ref, name=form.cleaned_data["name"], by=desk.person, at=clock.now()
    )
    if form.cleaned_data["sign_out"]:
        logout(request)
    request.session[DEVICE_KEY] = device.public_id
    messages.success(request, _("This phone is a scanner of the store now."))
    return redirect("merchant_scan")


@needs(Right.REDEEM, device=True)
@require_POST
def unpair_here(request: HttpRequest, desk: Desk) -> HttpResponse:
    """This phone forgets that it is a scanner. A manager ends the pairing itself, too."""
    if desk.device is not None and desk.may(Right.MANAGE_DEVICES) and desk.person is not None:
        services.revoke_device(device_ref=desk.device.ref, by=desk.person, at=clock.now())
    request.session.pop(DEVICE_KEY, None)
    messages.success(request, _("This phone is no scanner any more."))
    return redirect("merchant_scan")


@needs(Right.MANAGE_DEVICES)
@require_POST
def unpair(request: HttpRequest, desk: Desk, device_ref: str) -> HttpResponse:
    """End the pairing of a device of this store, wherever it is: it may do nothing from now on."""
    device = merchants.device_by_ref(device_ref)
    if device is None or device.store_ref != desk.store.ref:
        raise Http404
    assert desk.person is not None, "managers are signed in"
    services.revoke_device(device_ref=device_ref, by=desk.person, at=clock.now())
    messages.success(request, _("“%(name)s” may not scan any more.") % {"name": device.name})
    return redirect("merchant_desk")


@needs(Right.MANAGE_DEVICES)
@require_POST
def open_pairing(_request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a QR by which another phone pairs itself with this store, within ten minutes."""
    assert desk.person is not None, "managers are signed in"
    ref = services.open_pairing(store_ref=desk.store.ref, by=desk.person, at=clock.now())
    return redirect("merchant_pairing", ref)


@needs(Right.MANAGE_DEVICES)
@require_safe
def pairing(request: HttpRequest, desk: Desk, pairing_ref: str) -> HttpResponse:
    """The QR to scan with the other phone; the page says by itself when that is done."""
    found = merchants.pairing_by_ref(pairing_ref, clock.now())
    if found is None or found.store_ref != desk.store.ref:
        raise Http404
    path = reverse("pair_here", args=[found.ref, services.pairing_key(found.ref)])
    context = {"pairing": found, "link": request.build_absolute_uri(path)}
    return merchant_page(
        request, desk, "merchant/pairing.html", context, tab="desk", part="merchant/_pairing.html"
    )


def _show(request: HttpRequest, desk: Desk, form: PairForm, status: int = 200) -> HttpResponse:
    devices = [
        device for device in merchants.devices_of(desk.merchant_ref) if device.store_ref == desk.store.ref
    ]
    context = {
        "form": form,
        "devices": devices,
        "pairs": desk.may(Right.MANAGE_DEVICES),
        "role": ROLES[desk.role] if desk.role else "",
    }
    return merchant_page(request, desk, "merchant/desk.html", context, tab="desk", status=status)
