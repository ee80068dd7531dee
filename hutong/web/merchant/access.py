"""Who stands at which desk, and what may be done there. Every page of the shop goes through one decorator.

A page names the right it needs (`rules.RIGHTS` says which role gives it), in the chosen store or everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _

from hutong.flows import acting
from hutong.kernel import audit, clock
from hutong.kernel.errors import Forbidden
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.rules import ACTING_RIGHTS, RIGHTS, SEEN_EVERY, holds
from hutong.town.merchants.types import DeviceView, MerchantState, Right, Role, StaffRole, StoreView
from hutong.town.people.services import Person
from hutong.town.regions.queries import default_region
from hutong.web.shell.access import Door, Permission, declare, sign_in_first
from hutong.web.shell.parts import wants_part

STORE_KEY = "desk_store"
DEVICE_KEY = "desk_device"
# The merchant an operator acts for, in the operator's session, and until when.
ACTING_KEY = "desk_acting_for"
ACTING_UNTIL_KEY = "desk_acting_until"

Rest = ParamSpec("Rest")


class RightMissing(Forbidden):
    """Somebody of the shop asks for a page that the role does not open; `right` names what is missing."""

    code = "right_missing"
    message = _("Your role does not open this page. Ask the owner of the shop to change it.")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who works where, for one request: a member of the staff, a paired phone, or both.

    `store` is the chosen one of `stores`, over all merchants the person works for. With a device it is the
    device's store, and nothing can be chosen. `acting` says that the person is an operator who acts for the
    merchant, until `acting_until`.
    """

    person: Person | None
    roles: tuple[StaffRole, ...]
    stores: tuple[StoreView, ...]
    store: StoreView
    device: DeviceView | None
    acting: bool = False
    acting_until: datetime | None = None

    @property
    def merchant_ref(self) -> str:
        """The merchant whose store this is."""
        assert self.store.merchant_ref is not None, "a desk stands in a claimed store"
        return self.store.merchant_ref

    @property
    def merchant_id(self) -> int:
        """The key of the merchant, for statements over its orders."""
        assert self.store.merchant_id is not None, "a desk stands in a claimed store"
        return self.store.merchant_id

    @property
    def merchant_state(self) -> MerchantState:
        """Where the merchant stands: one that is not approved prepares its shop, and sells nothing yet."""
        assert self.store.merchant_state is not None, "a desk stands in a claimed store"
        return self.store.merchant_state

    @property
    def approved(self) -> bool:
        """Whether the merchant sells and redeems."""
        return self.merchant_state is MerchantState.APPROVED

    @property
    def merchant_names(self) -> dict[str, str]:
        """The merchant's names; empty for a phone that nobody is signed in on, and for an operator."""
        return next(
            (role.merchant_names for role in self.roles if role.merchant_ref == self.merchant_ref), {}
        )

    @property
    def role(self) -> Role | None:
        """The role held in this store that gives the most rights."""
        held = [
            role.role
            for role in self.roles
            if role.merchant_ref == self.merchant_ref and role.store_ref in (None, self.store.ref)
        ]
        return max(held, key=lambda role: len(RIGHTS[role]), default=None)

    def may(self, right: Right, *, everywhere: bool = False) -> bool:
        """Whether the person may do something in this store, or in all stores of the merchant."""
        if self.acting:
            return right in ACTING_RIGHTS
        store_ref = None if everywhere else self.store.ref
        return any(
            holds(role, right, merchant_ref=self.merchant_ref, store_ref=store_ref) for role in self.roles
        )


DeskView = Callable[Concatenate[HttpRequest, Desk, Rest], HttpResponse]
PlainView = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def staff(view: DeskView[Rest]) -> PlainView[Rest]:
    """For everybody who works in the shop and is signed in, whatever the role."""
    return _at_desk(view, Permission(Door.STAFF))


def needs(
    right: Right, *, everywhere: bool = False, device: bool = False
) -> Callable[[DeskView[Rest]], PlainView[Rest]]:
    """For people with a right in the chosen store, or in all stores of the merchant.

    `device` lets a paired phone in, too, that nobody is signed in on.
    """
    permission = Permission(Door.STAFF, right=right.value, everywhere=everywhere, device=device)
    return lambda view: _at_desk(view, permission)


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk of this session: the paired phone's store, else the chosen store, else the first one.

    None when nobody is there who works anywhere. At most four statements. A merchant that is suspended has
    no desk; one that waits for its approval has.
    """
    person = request.user if request.user.is_authenticated else None
    if person is not None and person.is_operator and ACTING_KEY in request.session:
        return _desk_of_operator(request, person)
    device = _device(request)
    if device is not None:
        return _desk_of_device(person, device)
    if person is None:
        return None
    found = merchants.stores_of(person)
    stores = tuple(store for store in found if store.merchant_state is not MerchantState.SUSPENDED)
    if not stores:
        return None
    chosen = request.session.get(STORE_KEY)
    store = next((each for each in stores if each.ref == chosen), stores[0])
    return Desk(person, tuple(merchants.staff_roles(person)), stores, store, None)


def _device(request: HttpRequest) -> DeviceView | None:
    """The phone's pairing, if it is still one."""
    ref = request.session.get(DEVICE_KEY)
    return merchants.device_by_ref(ref) if ref else None


def _desk_of_device(person: Person | None, device: DeviceView) -> Desk | None:
    store, at = merchants.store_by_ref(device.store_ref), clock.now()
    if device.last_seen_at is None or at - device.last_seen_at >= SEEN_EVERY:
        services.touch_device(device_ref=device.ref, at=at)
    if store is None:
        return None
    roles = tuple(merchants.staff_roles(person)) if person else ()
    return Desk(person, roles, (store,), store, device)


def stop_acting(request: HttpRequest, person: Person) -> str | None:
    """The operator acts for nobody from now on, which the log keeps; for whom it was, or None."""
    merchant_ref = request.session.pop(ACTING_KEY, None)
    until = _moment(request.session.pop(ACTING_UNTIL_KEY, ""))
    request.session.pop(STORE_KEY, None)
    if merchant_ref is None:
        return None
    now = clock.now()
    timed_out = until is not None and until <= now
    ended_at = until if until is not None and timed_out else now
    acting.stop(merchant_ref=merchant_ref, by=person, at=ended_at, timed_out=timed_out)
    if timed_out:
        messages.info(request, _("The hour of acting for the merchant is over."))
    return str(merchant_ref)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _desk_of_operator(request: HttpRequest, person: Person) -> Desk | None:
    until = _moment(request.session.get(ACTING_UNTIL_KEY, ""))
    stores = tuple(merchants.stores_of_merchant(request.session[ACTING_KEY]))
    if not stores or until is None or until <= clock.now():
        stop_acting(request, person)
        return None
    chosen = request.session.get(STORE_KEY)
    store = next((each for each in stores if each.ref == chosen), stores[0])
    return Desk(person, (), stores, store, None, acting=True, acting_until=until)


def _may(desk: Desk, permission: Permission) -> bool:
    if permission.device and desk.device is not None:
        return True
    return not permission.right or desk.may(Right(permission.right), everywhere=permission.everywhere)


def _at_desk(view: DeskView[Rest], permission: Permission) -> PlainView[Rest]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        desk = desk_of(request)
        if DEVICE_KEY in request.session and (desk is None or desk.device is None) and not _acts(desk):
            return _ended(request)
        works_here = desk is not None and (
            desk.role is not None or desk.acting or (permission.device and desk.device is not None)
        )
        if desk is None or not works_here:
            return _no_desk(request) if request.user.is_authenticated else sign_in_first(request)
        if not _may(desk, permission):
            raise RightMissing(right=permission.right)
        with audit.acting_for(desk.merchant_ref if desk.acting else ""):
            response = view(request, desk, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return declare(guarded, permission)


def _acts(desk: Desk | None) -> bool:
    return desk is not None and desk.acting


def _whole_page(request: HttpRequest) -> HttpResponse | None:
    """Where htmx asks for a part, the way to a whole page that says why there is none; else None."""
    if not wants_part(request):
        return None
    address = request.get_full_path() if request.method == "GET" else reverse("merchant_scan")
    return HttpResponse(status=204, headers={"HX-Redirect": address})


def _ended(request: HttpRequest) -> HttpResponse:
    """What a phone shows whose pairing was ended elsewhere; it forgets the pairing then."""
    answer = _whole_page(request)
    if answer is None:
        device = merchants.ended_device(request.session.pop(DEVICE_KEY))
        context = {"device": device, "zone": zone_here()}
        answer = render(request, "merchant/device_ended.html", context, status=403)
    patch_cache_control(answer, private=True, no_store=True)
    return answer


def _no_desk(request: HttpRequest) -> HttpResponse:
    """What somebody sees who has no shop to work in: why, and what to do about it."""
    assert request.user.is_authenticated, "strangers were asked to sign in"
    answer = _whole_page(request)
    if answer is not None:
        return answer
    roles = merchants.staff_roles(request.user)
    refs = dict.fromkeys(role.merchant_ref for role in roles)
    context = {
        "merchants": [merchant for ref in refs if (merchant := merchants.merchant_by_ref(ref))],
        "owned": {role.merchant_ref for role in roles if role.role is Role.OWNER},
        "closed": merchants.closed_stores_of(request.user),
        "claims": merchants.claims_of(request.user),
        "ended": merchants.ended_roles(request.user, clock.now()),
        "zone": zone_here(),
    }
    return render(request, "merchant/no_desk.html", context, status=403)


def zone_here() -> str:
    """The time of the site's town, where no store says otherwise."""
    region = default_region()
    return region.zone if region else "UTC"
