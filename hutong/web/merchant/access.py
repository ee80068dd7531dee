"""Who stands at which desk, and what may be done there. Every page of the shop goes through one decorator."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Forbidden
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.rules import may_manage, role_covers
from hutong.town.merchants.types import DeviceView, MerchantState, Role, StaffRole, StoreView
from hutong.town.people.services import Person

STORE_KEY = "desk_store"
DEVICE_KEY = "desk_device"
RANK = {Role.CASHIER: 1, Role.MANAGER: 2, Role.OWNER: 3}

Rest = ParamSpec("Rest")


class ManagersOnly(Forbidden):
    """A cashier asks for a page of managers."""

    code = "managers_only"
    message = _("This page is for managers. Ask the owner of the shop to give you the role.")


@dataclass(frozen=True, slots=True)
class Desk:
    """Who works where, for one request: a member of the staff, a paired phone, or both.

    `store` is the chosen one of `stores`, over all merchants the person works for. With a device it is the
    device's store, and nothing can be chosen.
    """

    person: Person | None
    roles: tuple[StaffRole, ...]
    stores: tuple[StoreView, ...]
    store: StoreView
    device: DeviceView | None

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
    def merchant_names(self) -> dict[str, str]:
        """The merchant's names; empty for a phone that nobody is signed in on."""
        return next(
            (role.merchant_names for role in self.roles if role.merchant_ref == self.merchant_ref), {}
        )

    @property
    def role(self) -> Role | None:
        """The strongest role held in this store."""
        held = [
            role.role
            for role in self.roles
            if role_covers(role, merchant_ref=self.merchant_ref, store_ref=self.store.ref)
        ]
        return max(held, key=lambda role: RANK[role], default=None)

    @property
    def manages_store(self) -> bool:
        """Whether the person may see takings of this store and pair devices with it."""
        return self.role is not None and may_manage(self.role)

    @property
    def manages_merchant(self) -> bool:
        """Whether the person may change what concerns all stores of the merchant."""
        return any(
            may_manage(role.role) and role.merchant_ref == self.merchant_ref and role.store_ref is None
            for role in self.roles
        )


DeskView = Callable[Concatenate[HttpRequest, Desk, Rest], HttpResponse]
PlainView = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def staff(view: DeskView[Rest]) -> PlainView[Rest]:
    """For everybody who works in the shop and is signed in."""
    return _at_desk(view, lambda _desk: True, device_alone=False)


def store_managers(view: DeskView[Rest]) -> PlainView[Rest]:
    """For owners, managers, and managers of this one store."""
    return _at_desk(view, lambda desk: desk.manages_store, device_alone=False)


def managers(view: DeskView[Rest]) -> PlainView[Rest]:
    """For owners and managers of the whole merchant."""
    return _at_desk(view, lambda desk: desk.manages_merchant, device_alone=False)


def scanners(view: DeskView[Rest]) -> PlainView[Rest]:
    """For everybody who works in the shop, and for a paired phone that nobody is signed in on."""
    return _at_desk(view, lambda _desk: True, device_alone=True)


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk of this session: the paired phone's store, else the chosen store, else the first one.

    None when nobody is there who works anywhere. At most four statements.
    """
    person = request.user if request.user.is_authenticated else None
    device = _device(request)
    if device is not None:
        return _desk_of_device(person, device)
    if person is None:
        return None
    found = merchants.stores_of(person)
    stores = tuple(store for store in found if store.merchant_state is MerchantState.APPROVED)
    if not stores:
        return None
    chosen = request.session.get(STORE_KEY)
    store = next((each for each in stores if each.ref == chosen), stores[0])
    return Desk(person, tuple(merchants.staff_roles(person)), stores, store, None)


def _device(request: HttpRequest) -> DeviceView | None:
    """The phone's pairing; one that was ended elsewhere is forgotten here."""
    ref = request.session.get(DEVICE_KEY)
    if ref is None:
        return None
    device = merchants.device_by_ref(ref)
    if device is None:
        del request.session[DEVICE_KEY]
    return device


def _desk_of_device(person: Person | None, device: DeviceView) -> Desk | None:
    store = merchants.store_by_ref(device.store_ref)
    if store is None:
        return None
    roles = tuple(merchants.staff_roles(person)) if person else ()
    return Desk(person, roles, (store,), store, device)


def _at_desk(view: DeskView[Rest], may: Callable[[Desk], bool], *, device_alone: bool) -> PlainView[Rest]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
        desk = desk_of(request)
        works_here = desk is not None and (
            desk.role is not None or (device_alone and desk.device is not None)
        )
        if desk is None or not works_here:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            return _no_desk(request)
        if not may(desk):
            raise ManagersOnly
        response = view(request, desk, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


def _no_desk(request: HttpRequest) -> HttpResponse:
    """What somebody sees who works nowhere, or whose shop has no store yet: what to do about it."""
    assert request.user.is_authenticated, "strangers were asked to sign in"
    refs = dict.fromkeys(role.merchant_ref for role in merchants.staff_roles(request.user))
    found = [merchant for ref in refs if (merchant := merchants.merchant_by_ref(ref))]
    return render(request, "merchant/no_desk.html", {"merchants": found}, status=403)
