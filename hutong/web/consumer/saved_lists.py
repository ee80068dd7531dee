"""A person's lists: what is in them, with notes and an order; shared by a link; copied by others."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hutong.attract.saved import queries, services
from hutong.attract.saved.rules import lists as rules
from hutong.attract.saved.types import EntryView, SavedKind
from hutong.attract.search import queries as search
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.web.consumer.account_access import owner
from hutong.web.consumer.place import Whereabouts, whereabouts
from hutong.web.consumer.saving import TO_COPY_KEY, first_sign_in
from hutong.web.shell.access import public, signed_in
from hutong.web.shell.parts import page


@signed_in
@require_GET
def saved(request: HttpRequest, list_ref: str = "") -> HttpResponse:
    """A list, by default the first one, beside all others; `?undo=` offers to undo what was just removed.

    Five statements, one less without deals or without shops in it.
    """
    person, where, at = owner(request), whereabouts(request), clock.now()
    lists = queries.lists_of(person.pk)
    chosen = next(
        (one for one in lists if one.ref == list_ref), None if list_ref else lists[0] if lists else None
    )
    if list_ref and chosen is None:
        raise NotFound
    undo = request.GET.get("undo", "")
    entries = queries.entries_of(chosen.list_id) if chosen else ()
    context = {
        "tab": "me",
        "region": where.region,
        "zone": where.region.zone,
        "lists": lists,
        "list": chosen,
        "others": [one for one in lists if one is not chosen],
        "entries": _with_cards(entries, where),
        "full": len(lists) >= rules.MOST_LISTS,
        "removed": queries.removed_entry(person.pk, undo, at) if undo.startswith("sav_") else None,
        "deleted": queries.deleted_list(person.pk, undo, at) if undo.startswith("lst_") else None,
        "share_url": _share_url(request, chosen.share_key) if chosen and chosen.share_key else "",
    }
    return page(request, "consumer/saved.html", context)


@signed_in
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """A new list, which is shown next."""
    try:
        ref = services.make_list(person=owner(request), name=request.POST.get("name", ""), at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("saved")
    return redirect("saved_list", ref)


@signed_in
@require_POST
def rename(request: HttpRequest, list_ref: str) -> HttpResponse:
    """Call a list otherwise."""
    person = owner(request)
    try:
        services.rename_list(person=person, list_ref=list_ref, name=request.POST.get("name", ""))
    except (services.NameMissing, services.DefaultListStays) as error:
        messages.error(request, str(error))
    return redirect("saved_list", list_ref)


@signed_in
@require_POST
def delete(request: HttpRequest, list_ref: str) -> HttpResponse:
    """Delete a list; the page then offers to undo that."""
    services.delete_list(person=owner(request), list_ref=list_ref, at=clock.now())
    return HttpResponseRedirect(f"{reverse('saved')}?undo={list_ref}")


@signed_in
@require_POST
def restore_list(request: HttpRequest, list_ref: str) -> HttpResponse:
    """Bring back the list that was just deleted."""
    services.restore_list(person=owner(request), list_ref=list_ref, at=clock.now())
    messages.success(request, _("The list is back. Its link stays off."))
    return redirect("saved_list", list_ref)


@signed_in
@require_POST
def share(request: HttpRequest, list_ref: str) -> HttpResponse:
    """Open a list to whoever has its link, with or without notes; or end the link."""
    person = owner(request)
    if request.POST.get("to") == "off":
        services.unshare_list(person=person, list_ref=list_ref)
        messages.success(request, _("The link is off. Nobody can open it any more."))
    else:
        services.share_list(
            person=person, list_ref=list_ref, with_notes=request.POST.get("notes") == "on", at=clock.now()
        )
        messages.success(request, _("Whoever has the link can see this list now."))
    return HttpResponseRedirect(f"{reverse('saved_list', args=[list_ref])}#share")


@signed_in
@require_POST
def change(request: HttpRequest, saved_ref: str) -> HttpResponse:
    """Note, move, put elsewhere, remove or bring back one entry; back to the list it was in."""
    person, at, wanted = owner(request), clock.now(), request.POST.get("do", "")
    if wanted == "note":
        services.note(person=person, entry_ref=saved_ref, text=request.POST.get("note", ""))
        messages.success(request, _("Noted."))
    elif wanted in ("up", "down"):
        services.move(person=person, entry_ref=saved_ref, up=wanted == "up")
    elif wanted == "put":
        services.put(person=person, entry_ref=saved_ref, list_ref=request.POST.get("into", ""), at=at)
        messages.success(request, _("It is in the other list now."))
    elif wanted == "restore":
        services.restore(person=person, entry_ref=saved_ref, at=at)
        messages.success(request, _("It is back."))
    elif wanted == "remove":
        services.remove(person=person, entry_ref=saved_ref, at=at)
        return HttpResponseRedirect(f"{_list_url(request)}?undo={saved_ref}")
    else:
        raise NotFound
    return HttpResponseRedirect(f"{_list_url(request)}#{saved_ref}")


@public
@never_cache
@require_GET
def shared(request: HttpRequest, share_key: str) -> HttpResponse:
    """A list behind its link, to read, for everybody; search engines leave it alone. Whose it is, it does not say."""
    found = queries.shared_list(share_key)
    if found is None:
        raise services.ListUnknown
    where = whereabouts(request)
    context = {
        "tab": "home",
        "region": where.region,
        "zone": where.region.zone,
        "list": found.list,
        "entries": _with_cards(found.entries, where),
        "share_key": share_key,
    }
    response = page(request, "consumer/shared_list.html", context)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@public
@require_POST
def copy(request: HttpRequest, share_key: str) -> HttpResponse:
    """A list of one's own out of a shared one; who is not signed in does that first."""
    if not request.user.is_authenticated:
        return first_sign_in(request, TO_COPY_KEY, share_key[:60], reverse("saved"))
    ref = services.copy_list(person=request.user, share_key=share_key, name=_("Copied list"), at=clock.now())
    messages.success(request, _("The list is among yours now."))
    return redirect("saved_list", ref)


def _with_cards(entries: Sequence[EntryView], where: Whereabouts) -> list[dict[str, Any]]:
    """The entries with their cards; without one where nobody can find it at present. A statement a kind."""
    at = clock.now()
    refs = {kind: [one.subject_ref for one in entries if one.kind is kind] for kind in SavedKind}
    stores, deals = refs[SavedKind.STORE], refs[SavedKind.DEAL]
    cards: dict[str, Any] = {}
    if stores:
        cards |= search.stores_by_refs(refs=stores, place=where.place, at=at)
    if deals:
        cards |= search.deals_by_refs(refs=deals, place=where.place, at=at)
    return [{"entry": one, "card": cards.get(one.subject_ref)} for one in entries]


def _list_url(request: HttpRequest) -> str:
    """The list a form stands in; its owner's others where it is none."""
    ref = request.POST.get("list", "")
    known = ref.startswith("lst_") and ref.isascii() and ref.replace("_", "").isalnum()
    return reverse("saved_list", args=[ref]) if known else reverse("saved")


def _share_url(request: HttpRequest, share_key: str) -> str:
    return request.build_absolute_uri(reverse("shared_list", args=[share_key]))
