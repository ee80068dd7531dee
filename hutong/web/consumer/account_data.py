"""A person's data as a file, and the end of the account."""

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hutong.flows import erase_person, export_person
from hutong.kernel import clock
from hutong.kernel.errors import Conflict
from hutong.town.people import rules
from hutong.web.consumer.account_access import confirmed, is_fresh, owner, zone_here
from hutong.web.consumer.account_forms import EraseForm
from hutong.web.shell.access import signed_in
from hutong.web.shell.parts import page
from hutong.web.shell.sessions import sign_in_of


@signed_in
@require_GET
def data(request: HttpRequest) -> HttpResponse:
    """What can be done with one's data."""
    context = {"tab": "me", "fresh": is_fresh(request), "a_day": rules.EXPORTS_A_DAY}
    return page(request, "consumer/account_data.html", context)


@signed_in
@require_POST
@confirmed
def download(request: HttpRequest) -> HttpResponse:
    """Everything kept about the person, as a ZIP."""
    at = clock.now()
    file = export_person.export(person=owner(request), sign_in=sign_in_of(request), at=at)
    response = HttpResponse(file, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="my-data-{at:%Y-%m-%d}.zip"'
    response["Cache-Control"] = "no-store"
    return response


@signed_in
@require_http_methods(["GET", "POST"])
@confirmed
def erase(request: HttpRequest) -> HttpResponse:
    """What goes, what stays, what is still open; then the last question."""
    person, at = owner(request), clock.now()
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            erase_person.ask(
                person=person, sign_in=sign_in_of(request), give_up=form.cleaned_data["give_up"], at=at
            )
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            auth.logout(request)
            told = _("Your account will be deleted in %(days)s days. To keep it, sign in before then.")
            messages.success(request, told % {"days": rules.ERASURE_WAIT.days})
            return redirect("home")
    context = {
        "tab": "me",
        "form": form,
        "open": erase_person.hindrances(person=person, at=at),
        "days": rules.ERASURE_WAIT.days,
        "zone": zone_here(),
    }
    return page(request, "consumer/account_erase.html", context)


@signed_in
@require_POST
@confirmed
def refund_unused(request: HttpRequest) -> HttpResponse:
    """Give back what was paid for everything not used, then look at the list again."""
    erase_person.refund_unused(person=owner(request), at=clock.now())
    messages.success(request, _("Your refunds are on their way."))
    return redirect("account_erase")
