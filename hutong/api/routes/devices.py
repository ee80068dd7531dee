"""A merchant's scanners and tills, and the keys of its own systems."""

from __future__ import annotations

from ninja import Router, Status

from hutong.api.actors import grantable, merchant_actor, owner_of, person_of
from hutong.api.doors import DEVICE_SCOPES, ApiRequest, Scope, scope
from hutong.api.routes.merchant import Merchant
from hutong.api.schemas.base import RefPath
from hutong.api.schemas.merchant import DeviceIn, DeviceOut, DevicePaired
from hutong.api.schemas.people import KeyIn, TokenListed, TokenOut
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.types import Right
from hutong.town.people import queries as people
from hutong.town.people.services import issue_token, revoke_token, revoke_tokens_of
from hutong.town.people.types import TokenKind

router = Router(tags=["Merchant: devices and keys"])


@router.get("/devices", auth=scope(Scope.DEVICES_WRITE), response=list[DeviceOut])
def list_devices(request: ApiRequest, merchant: Merchant = None) -> list[DeviceOut]:
    """The paired devices of the merchant."""
    actor = merchant_actor(request, merchant, right=Right.MANAGE_DEVICES)
    return [DeviceOut.of(device) for device in merchants.devices_of(actor.merchant.ref)]


@router.post("/devices", auth=scope(Scope.DEVICES_WRITE), response={201: DevicePaired})
def pair_device(request: ApiRequest, body: DeviceIn) -> Status[DevicePaired]:
    """Pair a device with a store. Its token is in the answer, this once."""
    person = person_of(request)
    at = clock.now()
    store = merchants.store_by_ref(body.store)
    if store is None or store.merchant_ref is None:
        raise NotFound
    merchant_actor(request, store.merchant_ref, right=Right.MANAGE_DEVICES)
    device = services.pair_device(store_ref=body.store, name=body.name, by=person, at=at)
    token, plain = issue_token(
        kind=TokenKind.DEVICE,
        subject_ref=device.public_id,
        scopes=DEVICE_SCOPES,
        name=device.name,
        by=person,
        at=at,
    )
    paired = DevicePaired(
        ref=device.public_id, name=device.name, store=body.store, token=plain, scopes=token.scopes
    )
    return Status(201, paired)


@router.delete("/devices/{ref}", auth=scope(Scope.DEVICES_WRITE), response={204: None})
def unpair_device(request: ApiRequest, ref: RefPath) -> Status[None]:
    """Unpair a device: its token opens nothing from now on."""
    person = person_of(request)
    device = merchants.device_by_ref(ref)
    if device is None:
        raise NotFound
    merchant_actor(request, device.merchant_ref, right=Right.MANAGE_DEVICES)
    at = clock.now()
    services.revoke_device(device_ref=ref, by=person, at=at)
    revoke_tokens_of(subject_ref=ref, by=person, at=at)
    return Status(204, None)


@router.get("/keys", auth=scope(Scope.KEYS_WRITE), response=list[TokenListed])
def list_keys(request: ApiRequest, merchant: Merchant = None) -> list[TokenListed]:
    """The merchant's living keys, without their text. For its owners."""
    actor = owner_of(request, merchant)
    return [TokenListed.of(token) for token in people.tokens_of(actor.merchant.ref, clock.now())]


@router.post("/keys", auth=scope(Scope.KEYS_WRITE), response={201: TokenOut})
def make_key(request: ApiRequest, body: KeyIn) -> Status[TokenOut]:
    """A key for the merchant's own systems. It is shown this once. For its owners."""
    actor = owner_of(request, body.merchant)
    token, plain = issue_token(
        kind=TokenKind.MERCHANT,
        subject_ref=actor.merchant.ref,
        scopes=grantable(body.scopes, TokenKind.MERCHANT),
        name=body.name,
        by=person_of(request),
        at=clock.now(),
    )
    return Status(
        201, TokenOut(token=plain, ref=token.public_id, scopes=token.scopes, expires_at=token.expires_at)
    )


@router.delete("/keys/{ref}", auth=scope(Scope.KEYS_WRITE), response={204: None})
def revoke_key(request: ApiRequest, ref: RefPath, merchant: Merchant = None) -> Status[None]:
    """Revoke a key of the merchant. For its owners."""
    actor = owner_of(request, merchant)
    at = clock.now()
    if ref not in {token.ref for token in people.tokens_of(actor.merchant.ref, at)}:
        raise NotFound
    revoke_token(token_ref=ref, by=actor.person, at=at)
    return Status(204, None)
