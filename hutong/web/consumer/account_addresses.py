"""A person's addresses: listed, added, changed, deleted, brought back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hutong.kernel import clock
from hutong.kernel.errors import DomainError, NotFound
from hutong.town.people import queries, rules
from hutong.town.people import services as people
from hutong.web.consumer.account_access import owner
from hutong.web.consumer.account_forms import AddressForm, address_form
from hutong.web.consumer.place import HERE_COOKIE, read_place
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.templatetags.hutong import phone_spaced


@signed_in
@require_GET
def addresses(request: HttpRequest) -> HttpResponse:
    """All addresses, the default first; `?undo=` offers to undo what was just done to one: deleted or changed."""
    person, at = owner(request), clock.now()
    found = queries.addresses_of(person)
    undo = request.GET.get("undo", "")
    context = {
        "tab": "me",
        "addresses": found,
        "full": len(found) >= rules.ADDRESSES_MAX,
        "most": rules.ADDRESSES_MAX,
        "deleted": queries.deleted_address(person, undo, at) if undo else None,
        "changed": queries.changed_address(person, undo, at) if undo else None,
    }
    return page(request, "consumer/account_addresses.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def address_new(request: HttpRequest) -> HttpResponse:
    """One more address."""
    person = owner(request)
    form = AddressForm(
        request.POST or None, initial={"name": person.name, "phone": phone_spaced(person.phone)}
    )
    if request.method == "POST" and form.is_valid():
        try:
            people.add_address(
                person=person, text=form.text(), default=form.cleaned_data["default"], at=clock.now()
            )
        except DomainError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("account_addresses")
    context = {"tab": "me", "form": form, "position": read_place(request.COOKIES.get(HERE_COOKIE, ""))}
    return page(request, "consumer/account_address.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def address_edit(request: HttpRequest, address_ref: str) -> HttpResponse:
    """Change an address; the list then offers to undo that."""
    person = owner(request)
    found = queries.address_of(person, address_ref)
    if found is None:
        raise NotFound
    form = AddressForm(request.POST) if request.method == "POST" else address_form(found)
    if request.method == "POST" and form.is_valid():
        try:
            people.change_address(
                person=person,
                address_ref=address_ref,
                text=form.text(),
                default=form.cleaned_data["default"],
                at=clock.now(),
            )
        except DomainError as error:
            _refuse(form, error)
        else:
            return _offer_undo(address_ref)
    return page(request, "consumer/account_address.html", {"tab": "me", "form": form, "address": found})


@signed_in
@require_POST
def address_delete(request: HttpRequest, address_ref: str) -> HttpResponse:
    """Delete an address; the list then offers to undo that."""
    people.delete_address(person=owner(request), address_ref=address_ref, at=clock.now())
    return _offer_undo(address_ref)


@signed_in
@require_POST
def address_undo(request: HttpRequest, address_ref: str) -> HttpResponse:
    """Write an address as it was before it was changed, or say that it is too late for that."""
    try:
        people.undo_change(person=owner(request), address_ref=address_ref, at=clock.now())
    except people.AddressUndoOver as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The address is as it was."))
    return redirect("account_addresses")


@signed_in
@require_POST
def address_restore(request: HttpRequest, address_ref: str) -> HttpResponse:
    """Bring back what was just deleted."""
    people.restore_address(person=owner(request), address_ref=address_ref, at=clock.now())
    messages.success(request, _("The address is back."))
    return redirect("account_addresses")


@signed_in
@require_POST
def address_default(request: HttpRequest, address_ref: str) -> HttpResponse:
    """Make an address the default."""
    people.default_address(person=owner(request), address_ref=address_ref)
    return redirect("account_addresses")


def _refuse(form: AddressForm, error: DomainError) -> None:
    """Say at the form, or at its field, why an address is not kept."""
    form.add_error("phone" if isinstance(error, people.PhoneInvalid) else None, str(error))


def _offer_undo(address_ref: str) -> HttpResponse:
    return redirect(f"{reverse('account_addresses')}?undo={address_ref}")
