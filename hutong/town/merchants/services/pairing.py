"""A phone becomes a scanner by a QR on the manager's screen, without anybody signing in on it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.budget import spend
from hutong.kernel.errors import Conflict, Forbidden, NotFound
from hutong.kernel.secret import keyed_hex, same
from hutong.kernel.text import clean
from hutong.town.merchants import rules
from hutong.town.merchants.models import Device, Pairing, Store
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.services.claims import DAY_S
from hutong.town.merchants.services.granting import HELD
from hutong.town.merchants.services.people import NameMissing
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person

PAIRINGS_A_DAY = 100


class PairingUnknown(NotFound):
    """No such pairing, or the address was not read whole."""

    code = "pairing_unknown"
    message = _("This pairing code does not exist. Scan the one on the manager's screen.")


class PairingOver(Conflict):
    """Ten minutes passed, it was taken already, or taken back."""

    code = "pairing_over"
    status = 410
    message = _("This pairing code is used or older than 10 minutes. Ask for a new one.")


def pairing_key(pairing_ref: str) -> str:
    """The key in a pairing's address, derived from its public id: nothing secret is stored."""
    return keyed_hex("merchants.pairing", pairing_ref)[:32]


def open_pairing(*, store_ref: str, by: Person, at: datetime) -> str:
    """Let one phone pair itself with a store within ten minutes; the pairing's ref. One before it is over.

    Raises `NotFound`, `Forbidden`, `TooMany`. Must not run inside a transaction.
    """
    store = Store.objects.filter(public_id=store_ref, state__in=HELD).select_related("merchant").first()
    if store is None or store.merchant is None:
        raise NotFound
    if not has_right(by, Right.MANAGE_DEVICES, store.merchant.public_id, store_ref):
        raise Forbidden
    spend(f"pairing:{store_ref}", limit=PAIRINGS_A_DAY, window_s=DAY_S, at=at)
    with transaction.atomic():
        Pairing.objects.filter(store=store, by=by, used_at=None, revoked_at=None).update(revoked_at=at)
        made = Pairing.objects.create(
            store=store, by=by, created_at=at, expires_at=at + rules.PAIRING_LIFETIME
        )
    return made.public_id


def check_pairing(*, pairing_ref: str, key: str, at: datetime) -> None:
    """Pass a pairing that a phone may take. Raises `PairingUnknown`, `PairingOver`."""
    _open_one(pairing_ref, key, at)


def take_pairing(*, pairing_ref: str, key: str, name: str, at: datetime) -> str:
    """The phone that opened the QR becomes a device of the store, once; the device's ref.

    The device counts as paired by who showed the QR, who must still be allowed to. Raises `PairingUnknown`,
    `PairingOver`, `NameMissing`.
    """
    name = clean(name, limit=80)
    if not name:
        raise NameMissing
    with transaction.atomic():
        pairing = _open_one(pairing_ref, key, at)
        device = Device.objects.create(
            store=pairing.store, name=name, paired_by=pairing.by, paired_at=at, last_seen_at=at
        )
        # The guard stands in the WHERE: of two phones at one moment, the second one's device is rolled back.
        unused = Pairing.objects.filter(pk=pairing.pk, used_at=None, revoked_at=None, expires_at__gt=at)
        if not unused.update(used_at=at, device=device):
            raise PairingOver
        audit.record(
            action="device.paired",
            subject=device.public_id,
            by=pairing.by.public_id,
            at=at,
            after={"name": name, "store": pairing.store.public_id, "pairing": pairing_ref},
            merchant=pairing.store.merchant.public_id if pairing.store.merchant else "",
        )
    return device.public_id


def touch_device(*, device_ref: str, at: datetime) -> None:
    """Note that a device was seen, at most once in `rules.SEEN_EVERY`."""
    live = Device.objects.filter(public_id=device_ref, revoked_at=None)
    live.exclude(last_seen_at__gt=at - rules.SEEN_EVERY).update(last_seen_at=at)


def _open_one(pairing_ref: str, key: str, at: datetime) -> Pairing:
    whole = Pairing.objects.select_related("store", "store__merchant", "by")
    pairing = whole.filter(public_id=pairing_ref).first()
    if pairing is None or not same(key, pairing_key(pairing_ref)):
        raise PairingUnknown
    store = pairing.store
    is_over = pairing.used_at or pairing.revoked_at or pairing.expires_at <= at or store.state not in HELD
    if is_over or store.merchant is None:
        raise PairingOver
    if not has_right(pairing.by, Right.MANAGE_DEVICES, store.merchant.public_id, store.public_id):
        raise PairingOver
    return pairing
