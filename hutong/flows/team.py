"""The team changes, and those who look after it are told."""

from datetime import datetime

from django.db import transaction

from hutong.flows.notify import notify
from hutong.kernel.text import mask_phone
from hutong.town.merchants import queries as merchants
from hutong.town.merchants import services
from hutong.town.merchants.types import InvitationView, Role
from hutong.town.notifications.types import Kind
from hutong.town.people.models import Person


def accept_invitation(*, invitation_ref: str, key: str, by: Person, at: datetime) -> InvitationView:
    """Take an invitation; who wrote it is told. Raises what `merchants.services.accept_invitation` raises."""
    with transaction.atomic():
        services.accept_invitation(invitation_ref=invitation_ref, key=key, by=by, at=at)
        taken = merchants.invitation_by_ref(invitation_ref, at)
        assert taken is not None, "an invitation that was taken exists"
        notify(
            Kind.INVITATION_ACCEPTED,
            at=at,
            people=[taken.by_ref],
            merchant_ref=taken.merchant_ref,
            params={"who": by.name or mask_phone(by.phone or ""), "merchant": taken.merchant_names},
            but=by.public_id,
            once=invitation_ref,
        )
    return taken


def change_role(
    *, staff_id: int, role: Role, store_ref: str | None, merchant_ref: str, by: Person, at: datetime
) -> None:
    """Give somebody another role. Raises what `merchants.services.change_role` raises."""
    with transaction.atomic():
        services.change_role(staff_id=staff_id, role=role, store_ref=store_ref, by=by, at=at)
        _changed(merchant_ref, by, at)


def remove(*, staff_id: int, merchant_ref: str, by: Person, at: datetime) -> None:
    """End somebody's role at once. Raises what `merchants.services.revoke_staff` raises."""
    with transaction.atomic():
        services.revoke_staff(staff_id=staff_id, by=by, at=at)
        _changed(merchant_ref, by, at)


def leave(*, merchant_ref: str, by: Person, at: datetime) -> None:
    """End all one's own roles at a merchant. Raises what `merchants.services.leave` raises."""
    with transaction.atomic():
        services.leave(merchant_ref=merchant_ref, by=by, at=at)
        _changed(merchant_ref, by, at)


def hand_over(*, staff_id: int, merchant_ref: str, by: Person, at: datetime) -> None:
    """Make somebody else the owner. Raises what `merchants.services.hand_over` raises."""
    with transaction.atomic():
        services.hand_over(staff_id=staff_id, by=by, at=at)
        _changed(merchant_ref, by, at)


def take_pairing(*, pairing_ref: str, key: str, name: str, at: datetime) -> str:
    """A phone pairs itself by a QR; who looks after devices is told. The device's ref.

    Raises what `merchants.services.take_pairing` raises.
    """
    with transaction.atomic():
        device_ref = services.take_pairing(pairing_ref=pairing_ref, key=key, name=name, at=at)
        taken = merchants.pairing_by_ref(pairing_ref, at)
        assert taken is not None, "a pairing that was taken exists"
        notify(
            Kind.DEVICE_PAIRED,
            at=at,
            merchant_ref=taken.merchant_ref,
            store_ref=taken.store_ref,
            params={"device": taken.device_name, "store": taken.store_names},
            once=pairing_ref,
        )
    return device_ref


def _changed(merchant_ref: str, by: Person, at: datetime) -> None:
    merchant = merchants.merchant_by_ref(merchant_ref)
    params = {"merchant": merchant.names if merchant else {}}
    notify(Kind.TEAM_CHANGED, at=at, merchant_ref=merchant_ref, params=params, but=by.public_id)
