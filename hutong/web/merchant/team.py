"""The team: who works here with which rights, invitations, and leaving."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hutong.flows import team as flow
from hutong.kernel import clock
from hutong.kernel.errors import DomainError, Forbidden, Unavailable
from hutong.kernel.text import pick
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.rules import may_give
from hutong.town.merchants.types import DeviceView, InvitationState, InvitationView, Right, Role, StaffView
from hutong.web.merchant.access import Desk, RightMissing, needs, staff
from hutong.web.merchant.frame import merchant_page
from hutong.web.merchant.words import ROLE_TEXTS, ROLES, rights_table


class NotOfTheTeam(Forbidden):
    """Who acts for a shop works for the platform, and has no role there to give up."""

    code = "not_of_the_team"
    message = gettext_lazy("You act for this shop and do not work in it. To end that, use “Stop” at the top.")


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the team: what somebody is here, and what the reader may do about it."""

    staff: StaffView
    role: Any
    is_me: bool
    may_change: bool


class RoleForm(forms.Form):
    """A role, for all stores or one of them; only what the giver may give is there to choose."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=forms.RadioSelect)
    store = forms.ChoiceField(label=gettext_lazy("Where"), required=False)

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        given = desk.role
        roles = [role for role in Role if given is not None and may_give(given, role)]
        self.fields["role"].choices = [(role.value, ROLES[role]) for role in roles]  # type: ignore[attr-defined]
        everywhere = desk.may(Right.MANAGE_TEAM, everywhere=True)
        stores = [store for store in desk.stores if store.merchant_ref == desk.merchant_ref]
        own = stores if everywhere else [desk.store]
        named = [(store.ref, pick(store.names, language)) for store in own]
        self.fields["store"].choices = [  # type: ignore[attr-defined]
            *([("", _("All stores"))] if everywhere else []),
            *named,
        ]
        self.choices = [(role, ROLES[role], ROLE_TEXTS[role]) for role in roles]

    @property
    def role_value(self) -> str:
        """The chosen role: as sent, else as it is."""
        return str(self["role"].value() or "")


class InviteForm(RoleForm):
    """Whom to invite, as what."""

    to = forms.CharField(
        label=gettext_lazy("Phone or e-mail"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("Leave it empty for a link and a QR that you hand on yourself."),
    )


@needs(Right.MANAGE_TEAM)
@require_safe
def team(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Everybody who works here, the open invitations, and what each role may do."""
    return _show(request, desk, InviteForm(desk=desk, initial={"role": Role.CASHIER.value}))


@needs(Right.MANAGE_TEAM)
@require_POST
def invite(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Invite somebody: a message leaves where a phone or mailbox is given, and a link and QR are shown."""
    form = InviteForm(request.POST, desk=desk)
    if not form.is_valid():
        return _show(request, desk, form, status=422)
    assert desk.person is not None, "managers are signed in"
    data, at = form.cleaned_data, clock.now()
    role = Role(data["role"])
    try:
        ref = services.invite(
            merchant_ref=desk.merchant_ref,
            store_ref=None if role is Role.OWNER else data["store"] or None,
            role=role,
            to=data["to"],
            by=desk.person,
            at=at,
        )
    except DomainError as error:
        form.add_error("to", str(error))
        return _show(request, desk, form, status=error.status)
    try:
        services.send_invitation(invitation_ref=ref, link=_link(request, ref), by=desk.person, at=at)
    except Unavailable as error:
        # the invitation stands; its link can be handed on in another way
        messages.error(request, str(error))
    return redirect("merchant_invitation", ref)


@needs(Right.MANAGE_TEAM)
@require_safe
def invitation(request: HttpRequest, desk: Desk, invitation_ref: str) -> HttpResponse:
    """An open invitation with its link and QR, to show or hand on; whoever manages the team may see it again."""
    found = _invitation(desk, invitation_ref)
    context = {
        "invitation": found,
        "link": _link(request, found.ref),
        "role": ROLES[found.role],
        "masked": services.masked(found.to),
    }
    return merchant_page(request, desk, "merchant/invitation.html", context, tab="team")


@needs(Right.MANAGE_TEAM)
@require_POST
def revoke_invitation(request: HttpRequest, desk: Desk, invitation_ref: str) -> HttpResponse:
    """Take an invitation back."""
    found = _invitation(desk, invitation_ref)
    assert desk.person is not None, "managers are signed in"
    services.revoke_invitation(
        invitation_ref=found.ref, merchant_ref=desk.merchant_ref, by=desk.person, at=clock.now()
    )
    messages.success(request, _("The invitation is taken back; its link opens nothing any more."))
    return redirect("merchant_team")


@needs(Right.MANAGE_TEAM)
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, desk: Desk, staff_id: int) -> HttpResponse:
    """Somebody's role: change it, take it away, or hand the shop over."""
    found = _member(desk, staff_id)
    initial = {"role": found.staff.role.value, "store": found.staff.store_ref or ""}
    form = RoleForm(request.POST or None, desk=desk, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        assert desk.person is not None, "managers are signed in"
        role = Role(form.cleaned_data["role"])
        try:
            flow.change_role(
                staff_id=staff_id,
                role=role,
                store_ref=None if role is Role.OWNER else form.cleaned_data["store"] or None,
                merchant_ref=desk.merchant_ref,
                by=desk.person,
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error("role", str(error))
            status = error.status
        else:
            messages.success(request, _("The role is changed."))
            return redirect("merchant_team")
    own_role = desk.role
    context = {
        "member": found,
        "form": form,
        "may_hand_over": own_role is Role.OWNER and not found.is_me and found.staff.role is not Role.OWNER,
        "paired": [] if found.is_me else _paired_by(desk, found.staff.person_ref),
    }
    return merchant_page(request, desk, "merchant/member.html", context, tab="team", status=status)


@needs(Right.MANAGE_TEAM)
@require_POST
def remove(request: HttpRequest, desk: Desk, staff_id: int) -> HttpResponse:
    """End somebody's role at once. What they paired stays, and is shown to be looked at."""
    found = _member(desk, staff_id)
    assert desk.person is not None, "managers are signed in"
    paired = _paired_by(desk, found.staff.person_ref)
    flow.remove(staff_id=staff_id, merchant_ref=desk.merchant_ref, by=desk.person, at=clock.now())
    messages.success(request, _("“%(name)s” may not work here any more.") % {"name": _name(found)})
    return redirect(f"{reverse('merchant_team')}#paired" if paired else "merchant_team")


@needs(Right.MANAGE_MERCHANT, everywhere=True)
@require_POST
def hand_over(request: HttpRequest, desk: Desk, staff_id: int) -> HttpResponse:
    """Make somebody of the team the owner; one is a manager from then on."""
    found = _member(desk, staff_id)
    assert desk.person is not None, "owners are signed in"
    flow.hand_over(staff_id=staff_id, merchant_ref=desk.merchant_ref, by=desk.person, at=clock.now())
    messages.success(
        request, _("“%(name)s” is the owner now, and you are a manager.") % {"name": _name(found)}
    )
    return redirect("merchant_team")


@staff
@require_POST
def leave(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Leave the shop: all roles one has here end. The last owner cannot. Raises `NotOfTheTeam`."""
    assert desk.person is not None, "who leaves is signed in"
    if desk.acting:
        raise NotOfTheTeam
    try:
        flow.leave(merchant_ref=desk.merchant_ref, by=desk.person, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("merchant_desk")
    messages.success(request, _("You have left the shop."))
    return redirect("me")


def _show(request: HttpRequest, desk: Desk, form: InviteForm, status: int = 200) -> HttpResponse:
    at = clock.now()
    everywhere = desk.may(Right.MANAGE_TEAM, everywhere=True)
    found = _members(desk)
    invitations = [
        (
            one,
            ROLES[one.role],
            services.masked(one.to),
            desk.role is not None and may_give(desk.role, one.role),
        )
        for one in merchants.invitations_of(desk.merchant_ref, at)
        if everywhere or one.store_ref == desk.store.ref
    ]
    working = {each.staff.person_ref for each in found}
    context = {
        "members": found,
        "invitations": invitations,
        "form": form,
        "table": rights_table(),
        "roles": [ROLES[role] for role in Role],
        "orphans": [device for device in _devices(desk) if device.paired_by_ref not in working],
    }
    return merchant_page(request, desk, "merchant/team.html", context, tab="team", status=status)


def _members(desk: Desk) -> list[Member]:
    everywhere = desk.may(Right.MANAGE_TEAM, everywhere=True)
    own = desk.person.public_id if desk.person else ""
    given = desk.role
    return [
        Member(
            staff=one,
            role=ROLES[one.role],
            is_me=one.person_ref == own,
            may_change=given is not None and may_give(given, one.role),
        )
        for one in merchants.staff_of(desk.merchant_ref)
        if everywhere or one.store_ref == desk.store.ref
    ]


def _member(desk: Desk, staff_id: int) -> Member:
    found = next((each for each in _members(desk) if each.staff.staff_id == staff_id), None)
    if found is None:
        raise Http404
    return found


def _invitation(desk: Desk, invitation_ref: str) -> InvitationView:
    """An open invitation of this desk's merchant, or of its store where the reader looks after that alone.

    Who could not give the role must not see its link either: it would be a way to take it.
    """
    found = merchants.invitation_by_ref(invitation_ref, clock.now())
    everywhere = desk.may(Right.MANAGE_TEAM, everywhere=True)
    if found is None or found.merchant_ref != desk.merchant_ref or found.state is not InvitationState.OPEN:
        raise Http404
    if not everywhere and found.store_ref != desk.store.ref:
        raise Http404
    if desk.role is None or not may_give(desk.role, found.role):
        raise RightMissing(right=Right.MANAGE_MERCHANT.value)
    return found


def _devices(desk: Desk) -> list[DeviceView]:
    """The paired devices the reader may look at."""
    everywhere = desk.may(Right.MANAGE_DEVICES, everywhere=True)
    return [
        device
        for device in merchants.devices_of(desk.merchant_ref)
        if everywhere or device.store_ref == desk.store.ref
    ]


def _paired_by(desk: Desk, person_ref: str) -> list[DeviceView]:
    return [device for device in _devices(desk) if device.paired_by_ref == person_ref]


def _name(found: Member) -> str:
    return found.staff.name or str(found.role)


def _link(request: HttpRequest, invitation_ref: str) -> str:
    path = reverse("invited", args=[invitation_ref, services.invitation_key(invitation_ref)])
    return request.build_absolute_uri(path)
