"""Whose request it is: from the token's subject to a person, a merchant, a store, with the role it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.rules import RIGHTS
from hutong.town.merchants.types import DeviceView, MerchantState, MerchantView, Right, StaffRole, StoreView
from hutong.town.people import queries as people
from hutong.town.people.services import Person
from hutong.town.people.types import TokenKind

from .doors import SCOPES, ApiRequest, Scope, TokenInvalid, speaks_for


class ScopeNotGrantable(Invalid):
    """This kind of token cannot hold the scope; `scope` and `kind` say which."""

    code = "scope_not_grantable"
    message = _("A token of kind %(kind)s cannot hold the scope %(scope)s.")


class PersonNeeded(Forbidden):
    """The route is for a person's own token, not a device's or a merchant's."""

    code = "person_token_needed"
    message = _("Use the token of a person here.")


class MerchantUnclear(Invalid):
    """The person works for several merchants; `merchants` lists their ids."""

    code = "merchant_unclear"
    message = _("You work for several merchants. Say which one with “merchant”.")


class StoreUnclear(Invalid):
    """Several stores are possible; `stores` lists their ids."""

    code = "store_unclear"
    message = _("Say in which store with “store”.")


@dataclass(frozen=True, slots=True)
class MerchantActor:
    """Somebody who acts for a merchant: its key, or one of its people with their roles there."""

    merchant: MerchantView
    ref: str
    person: Person | None
    roles: tuple[StaffRole, ...]

    @property
    def whole(self) -> bool:
        """Whether this actor sees the whole merchant, not only some of its stores."""
        return self.person is None or any(role.store_ref is None for role in self.roles)

    def may(self, right: Right) -> bool:
        """Whether some role of the person gives the right; a merchant's key stands for the merchant."""
        return self.person is None or any(right in RIGHTS[role.role] for role in self.roles)

    @property
    def stores(self) -> list[StoreView]:
        """The stores this actor may see into; one statement."""
        stores = merchants.stores_of_merchant(self.merchant.ref)
        if self.whole:
            return stores
        return [store for store in stores if any(role.store_ref == store.ref for role in self.roles)]


def grantable(scopes: Iterable[Scope], kind: TokenKind) -> list[str]:
    """The scopes as they are stored. Raises ScopeNotGrantable for one this kind of token cannot hold."""
    wanted = list(scopes)
    for one in wanted:
        if kind not in SCOPES[one][1]:
            raise ScopeNotGrantable(kind=kind.value, scope=one.value)
    return [one.value for one in wanted]


def person_of(request: ApiRequest) -> Person:
    """The person whose token this is. Raises PersonNeeded for a device's or merchant's."""
    subject = request.auth
    if subject.kind is not TokenKind.PERSON or subject.person_id is None:
        raise PersonNeeded
    person = people.person_by_id(subject.person_id)
    if person is None:
        raise TokenInvalid
    return person


def maybe_person(request: HttpRequest) -> Person | None:
    """The person whose token a request to a public route brings; None for nobody's or another kind's.

    Raises TokenInvalid for a token that is no good: an answer for nobody would be a wrong one.
    """
    subject = speaks_for(request)
    return people.person_by_id(subject.person_id) if subject and subject.person_id else None


def operator_of(request: ApiRequest) -> Person:
    """The operator whose token this is. Raises Forbidden for anybody else."""
    person = person_of(request)
    if not person.is_operator:
        raise Forbidden
    return person


def device_of(request: ApiRequest) -> DeviceView:
    """The paired device whose token this is. Raises TokenInvalid once it is unpaired."""
    device = merchants.device_by_ref(request.auth.subject_ref)
    if device is None:
        raise TokenInvalid
    return device


def answerable_of(request: ApiRequest) -> Person:
    """The person who answers for what is done with this token: its owner, or who gave it out.

    Raises Forbidden where that person's account is closed.
    """
    person = people.person_by_ref(request.auth.made_by_ref)
    if person is None:
        raise Forbidden
    return person


def merchant_actor(request: ApiRequest, wanted: str | None, *, right: Right | None) -> MerchantActor:
    """Who acts for a merchant with this token, and which merchant.

    `wanted` is the merchant's id; somebody who works for one merchant may leave it out. With `right`, a role
    of the person has to give it. A merchant one does not work for is NotFound, like one that does not
    exist. Raises PersonNeeded, MerchantUnclear, NotFound, Forbidden.
    """
    subject = request.auth
    if subject.kind is TokenKind.DEVICE:
        raise PersonNeeded
    if subject.kind is TokenKind.MERCHANT:
        merchant = _approved(subject.subject_ref)
        if wanted not in (None, merchant.ref):
            raise NotFound
        return MerchantActor(merchant=merchant, ref=merchant.ref, person=None, roles=())
    person = person_of(request)
    roles = [role for role in merchants.staff_roles(person) if wanted in (None, role.merchant_ref)]
    refs = {role.merchant_ref for role in roles}
    if not refs:
        raise NotFound
    if len(refs) > 1:
        raise MerchantUnclear(merchants=sorted(refs))
    if right is not None and not any(right in RIGHTS[role.role] for role in roles):
        raise Forbidden
    merchant = _approved(refs.pop())
    return MerchantActor(merchant=merchant, ref=person.public_id, person=person, roles=tuple(roles))


def owner_of(request: ApiRequest, wanted: str | None) -> MerchantActor:
    """An owner of a merchant, as `merchant_actor`; raises Forbidden for its other people and its keys."""
    actor = merchant_actor(request, wanted, right=Right.MANAGE_MERCHANT)
    if actor.person is None:
        raise Forbidden
    return actor


def _approved(merchant_ref: str) -> MerchantView:
    merchant = merchants.merchant_by_ref(merchant_ref)
    if merchant is None:
        raise NotFound
    if merchant.state is not MerchantState.APPROVED:
        raise Forbidden
    return merchant
