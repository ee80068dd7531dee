"""Pictures of a store or a deal: added, put in order, described, taken away and brought back."""

import re

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import pictures
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.town.merchants.types import Right
from hutong.town.people.services import Person
from hutong.town.pictures.queries import picture as picture_by_ref
from hutong.town.pictures.rules import MAX_ALT
from hutong.web.merchant.access import Desk, needs
from hutong.web.merchant.frame import merchant_page
from hutong.web.shell.parts import wants_part
from hutong.web.shell.uploads import bounded

# A picture that was taken away just now, and the place it had.
REMOVED = re.compile(r"(pic_[0-9a-z]{1,36})\.(\d{1,2})")
PAGE, PART = "merchant/pictures.html", "merchant/_pictures.html"


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(label=_("Picture"), allow_empty_file=True)


class ChangeForm(forms.Form):
    """What a button beside a picture asks for."""

    do = forms.ChoiceField(choices=[(verb, verb) for verb in ("move", "remove", "restore", "words")])
    to = forms.IntegerField(min_value=0, max_value=100, required=False)
    en = forms.CharField(max_length=MAX_ALT, required=False)
    zh = forms.CharField(max_length=MAX_ALT, required=False)


@csrf_exempt
@bounded()
@needs(Right.EDIT_STORE)
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def of_owner(request: HttpRequest, desk: Desk, owner_ref: str) -> HttpResponse:
    """The pictures of a store or a deal of the merchant; a POST adds one."""
    by = _editor(desk, owner_ref)
    if request.method != "POST":
        return _show(request, desk, owner_ref)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, desk, owner_ref, fault=str(_("Choose a picture first.")), status=422)
    try:
        pictures.add(owner_ref=owner_ref, stream=form.cleaned_data["file"], by=by, at=clock.now())
    except DomainError as error:
        return _show(request, desk, owner_ref, fault=str(error), status=error.status)
    return _back(request, desk, owner_ref)


@needs(Right.EDIT_STORE)
@require_POST
def change(request: HttpRequest, desk: Desk, owner_ref: str, picture_ref: str) -> HttpResponse:
    """Move, describe, take away or bring back one of them."""
    by, at = _editor(desk, owner_ref), clock.now()
    form, picture = ChangeForm(request.POST), picture_by_ref(picture_ref)
    if not form.is_valid() or picture is None or picture.owner_ref != owner_ref:
        raise Http404
    said, removed = form.cleaned_data, ""
    if said["do"] == "move":
        pictures.move(picture_ref=picture_ref, to=said["to"] or 0, by=by, at=at)
    elif said["do"] == "remove":
        place = pictures.remove(picture_ref=picture_ref, by=by, at=at)
        removed = f"{picture_ref}.{place}"
    elif said["do"] == "restore":
        pictures.bring_back(picture_ref=picture_ref, to=said["to"] or 0, by=by, at=at)
    else:
        words = {"en": said["en"], "zh-Hans": said["zh"]}
        pictures.describe(picture_ref=picture_ref, alts=words, by=by, at=at)
    return _back(request, desk, owner_ref, removed)


@needs(Right.EDIT_STORE)
@require_POST
def withdraw(request: HttpRequest, desk: Desk, owner_ref: str) -> HttpResponse:
    """Go back to the pictures that shoppers see."""
    pictures.withdraw(owner_ref=owner_ref, by=_editor(desk, owner_ref), at=clock.now())
    return _back(request, desk, owner_ref)


def _editor(desk: Desk, owner_ref: str) -> Person:
    """The person, when the owner is of this merchant and the person may change its pictures; else 404."""
    assert desk.person is not None, "who edits is signed in"
    owner = pictures.owner_by_ref(owner_ref)
    if owner is None or owner.merchant_ref != desk.merchant_ref or not pictures.may_edit(owner, desk.person):
        raise Http404
    return desk.person


def _back(request: HttpRequest, desk: Desk, owner_ref: str, removed: str = "") -> HttpResponse:
    """The pictures as they are now: to htmx as a part, to others by the address, so that a reload repeats nothing."""
    if wants_part(request):
        return _show(request, desk, owner_ref, removed=removed)
    address = reverse("merchant_pictures", args=[owner_ref])
    return redirect(f"{address}?removed={removed}" if removed else address)


def _show(
    request: HttpRequest,
    desk: Desk,
    owner_ref: str,
    *,
    removed: str = "",
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    found = REMOVED.fullmatch(removed or request.GET.get("removed", ""))
    context = {
        "gallery": pictures.working(owner_ref),
        "gone": found[1] if found else "",
        "place": found[2] if found else "",
        "fault": fault,
        "back_url": reverse("merchant_store")
        if owner_ref.startswith("sto_")
        else reverse("merchant_deal", args=[owner_ref]),
    }
    tab = "store" if owner_ref.startswith("sto_") else "deals"
    return merchant_page(request, desk, PAGE, context, tab=tab, part=PART, status=status)
