"""A person's name, phone, e-mail address and language."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import tell
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.http import client_address
from hutong.town.people import services as people
from hutong.town.people.types import CodePurpose
from hutong.web.consumer.account_access import owner
from hutong.web.consumer.account_forms import EmailForm, NameForm, NewPhoneForm, ProofForm
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page, safe_next
from hutong.web.shell.sessions import sign_in_of

NEW_PHONE_KEY = "account_new_phone"
NEW_EMAIL_KEY = "account_new_email"


@signed_in
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, and the ways to phone, e-mail and language."""
    person = owner(request)
    form = NameForm(request.POST or None, initial={"name": person.name})
    if request.method == "POST" and form.is_valid():
        people.rename_person(person=person, name=form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("account_profile")
    return page(request, "consumer/account_profile.html", {"tab": "me", "form": form})


@signed_in
@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """The first step of a new phone number: a code is sent to it."""
    form = NewPhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sent = people.ask_new_phone(
                person=owner(request),
                phone=form.cleaned_data["phone"],
                address=client_address(request),
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error("phone", str(error))
        else:
            request.session[NEW_PHONE_KEY] = sent.phone
            return redirect("account_phone_code")
    return page(request, "consumer/account_phone.html", {"tab": "me", "form": form})


@signed_in
@require_http_methods(["GET", "POST"])
def phone_code(request: HttpRequest) -> HttpResponse:
    """The second step: the code. Then every other browser is logged out, and the old number gets a message."""
    wanted = request.session.get(NEW_PHONE_KEY)
    if not wanted:
        return redirect("account_phone")
    form = ProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person, state = owner(request), sign_in_of(request)
        try:
            people.change_phone(
                person=person,
                phone=wanted,
                code=form.cleaned_data["code"],
                sign_in_ref=state.ref if state else "",
                address=client_address(request),
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error("code", str(error))
        else:
            del request.session[NEW_PHONE_KEY]
            tell.phone_changed(person=person, at=clock.now())
            messages.success(request, _("Your number is changed. You are logged out everywhere else."))
            return redirect("account_profile")
    context = {"tab": "me", "form": form, "phone": wanted}
    return page(request, "consumer/account_phone_code.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    """The first step of an e-mail address: a code is mailed to it."""
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            request.session[NEW_EMAIL_KEY] = people.mail_code(
                email=form.cleaned_data["email"], address=client_address(request), at=clock.now()
            )
        except DomainError as error:
            form.add_error("email", str(error))
        else:
            return redirect("account_email_code")
    return page(request, "consumer/account_email.html", {"tab": "me", "form": form})


@signed_in
@require_http_methods(["GET", "POST"])
def email_code(request: HttpRequest) -> HttpResponse:
    """The second step: the code out of the mail."""
    wanted = request.session.get(NEW_EMAIL_KEY)
    if not wanted:
        return redirect("account_email")
    form = ProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            people.prove_email(
                person=owner(request),
                email=wanted,
                code=form.cleaned_data["code"],
                address=client_address(request),
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error("code", str(error))
        else:
            del request.session[NEW_EMAIL_KEY]
            tell.email_changed(person=owner(request), at=clock.now())
            messages.success(request, _("Your e-mail address is saved."))
            return redirect("account_profile")
    return page(request, "consumer/account_email_code.html", {"tab": "me", "form": form, "email": wanted})


@signed_in
@require_POST
def email_remove(request: HttpRequest) -> HttpResponse:
    """Forget the e-mail address."""
    if people.remove_email(person=owner(request), at=clock.now()):
        messages.success(request, _("Your e-mail address is forgotten."))
    return redirect("account_profile")


@signed_in
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """A new code in a browser that is signed in, before something final."""
    person, state, at = owner(request), sign_in_of(request), clock.now()
    target = safe_next(request, "/me/data/")
    sent = request.method == "POST"
    form = ProofForm(request.POST if "code" in request.POST else None)
    address = client_address(request)
    try:
        if "send" in request.POST:
            people.send_code(phone=person.phone or "", address=address, at=at, purpose=CodePurpose.CONFIRM)
        elif form.is_valid() and state is not None:
            code = form.cleaned_data["code"]
            people.prove_again(person=person, sign_in_ref=state.ref, code=code, address=address, at=at)
            return redirect(target)
    except DomainError as error:
        form = form if form.is_bound else ProofForm({})
        form.errors.clear()
        form.add_error("code", str(error))
    context = {"tab": "me", "form": form, "next": target, "sent": sent}
    return page(request, "consumer/account_confirm.html", context)
