"""Signing in by phone and one-time code, and out again."""

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from hutong.flows import welcome
from hutong.kernel import clock
from hutong.kernel.errors import DomainError
from hutong.kernel.http import client_address
from hutong.town.people import services as people
from hutong.web.consumer import saving
from hutong.web.consumer.forms import CodeForm, PhoneForm
from hutong.web.shell import sessions
from hutong.web.shell.access import public
from hutong.web.shell.parts import page, safe_next

PHONE_KEY = "sign_in_phone"


@public
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The first step: a phone number, to which a code is sent."""
    target = safe_next(request, reverse("home"))
    if request.user.is_authenticated:
        return HttpResponseRedirect(target)
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sent = people.send_code(
                phone=form.cleaned_data["phone"], address=client_address(request), at=clock.now()
            )
        except DomainError as error:
            form.add_error("phone", str(error))
        else:
            request.session[PHONE_KEY] = sent.phone
            return HttpResponseRedirect(f"{reverse('sign_in_code')}?{urlencode({'next': target})}")
    return page(request, "consumer/sign_in.html", {"form": form, "next": target})


@public
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second step: the code. A wrong one costs one of three tries."""
    target = safe_next(request, reverse("home"))
    phone = request.session.get(PHONE_KEY)
    if not phone:
        return HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode({'next': target})}")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = people.sign_in(
                phone=phone,
                code=form.cleaned_data["code"],
                language=get_language() or "en",
                address=client_address(request),
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error("code", str(error))
        else:
            sessions.begin(request, person)
            state = sessions.sign_in_of(request)
            assert state is not None, "the browser was noted just now"
            welcome.browser(person=person, sign_in_ref=state.ref, at=clock.now())
            request.session.pop(PHONE_KEY, None)
            if person.erase_after:
                messages.success(request, _("Welcome back. Your account will not be deleted."))
            response = HttpResponseRedirect(target)
            saving.after_sign_in(request, response, person=person)
            return response
    context = {"form": form, "next": target, "phone": phone}
    return page(request, "consumer/sign_in_code.html", context)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out; the service worker forgets what it kept of this person when it sees this request."""
    auth.logout(request)
    messages.info(request, _("You are signed out."))
    return redirect("home")
