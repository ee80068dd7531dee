"""Stores change hands: a listing gets its merchant, goes back to being a listing, or moves after a dispute."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit, outbox
from hutong.kernel.errors import Conflict, Invalid
from hutong.town.merchants.models import Claim, Device, Invitation, Merchant, Pairing, Staff, Store
from hutong.town.merchants.types import ClaimKind, ClaimState, Role, StoreState
from hutong.town.people.models import Person
from hutong.town.regions.models import Region

HELD = [StoreState.OPEN.value, StoreState.PAUSED.value]
GRANTED = [ClaimState.PROVED.value, ClaimState.APPROVED.value]


class MerchantUnnamed(Invalid):
    """A merchant without any name."""

    code = "merchant_unnamed"
    message = _("Please give the merchant a name.")


class StoreTaken(Conflict):
    """The store belongs to a merchant already, or is closed."""

    code = "store_taken"
    message = _("This shop has an owner already, or is closed.")


def make_merchant(
    *, names: Mapping[str, str], region: Region, phone: str, by: Person, at: datetime, sample: bool = False
) -> Merchant:
    """A merchant that waits for the operator, with `by` as its owner. Raises `MerchantUnnamed`."""
    if not any(name.strip() for name in names.values()):
        raise MerchantUnnamed
    with transaction.atomic():
        merchant = Merchant.objects.create(
            names=dict(names), region=region, phone=phone, sample=sample, applied_at=at
        )
        Staff.objects.create(person=by, merchant=merchant, role=Role.OWNER.value, since_at=at)
        audit.record(
            action="merchant.applied",
            subject=merchant.public_id,
            by=by.public_id,
            at=at,
            after={"names": dict(names), "region": region.slug},
            merchant=merchant.public_id,
        )
    return merchant


def attach(*, store: Store, merchant: Merchant, by: Person, at: datetime) -> None:
    """Give an open listing to a merchant, in the caller's transaction. Raises `StoreTaken`.

    The guard stands in the WHERE, so of two merchants at one moment one gets it. Other claims that wait for
    the operator become disputes.
    """
    free = Store.objects.filter(pk=store.pk, merchant=None, state=StoreState.OPEN.value)
    if not free.update(merchant=merchant, updated_at=at):
        raise StoreTaken
    Claim.objects.filter(store=store, state=ClaimState.WAITING.value).update(kind=ClaimKind.DISPUTE.value)
    audit.record(
        action="store.claimed",
        subject=store.public_id,
        by=by.public_id,
        at=at,
        after={"merchant": merchant.public_id},
        merchant=merchant.public_id,
    )
    outbox.send("index_store", at=at, store_ref=store.public_id)


def release_listings(merchant: Merchant, *, by: Person, at: datetime) -> None:
    """A refused merchant's places out of the extract become listings again, as the extract has them.

    What the merchant signed up itself stays with it, unseen. Nobody goes on working in a released store.
    """
    kept = Store.objects.filter(merchant=merchant, osm_ref__isnull=False)
    release(merchant, kept.values_list("public_id", flat=True), by=by, at=at)


def release(merchant: Merchant, store_refs: Iterable[str], *, by: Person, at: datetime) -> int:
    """These stores of a merchant are nobody's again, in the caller's transaction; how many it still had."""
    found = Store.objects.filter(merchant=merchant, public_id__in=list(store_refs)).order_by("pk")
    released = 0
    for store in found:
        Store.objects.filter(pk=store.pk).update(
            merchant=None, descriptions={}, state=StoreState.OPEN.value, updated_at=at
        )
        end_work_in(store, by=by, at=at)
        audit.record(
            action="store.released",
            subject=store.public_id,
            by=by.public_id,
            at=at,
            before={"merchant": merchant.public_id},
            merchant=merchant.public_id,
        )
        outbox.send("index_store", at=at, store_ref=store.public_id)
        released += 1
    return released


def restore_listings(merchant: Merchant, *, by: Person, at: datetime) -> None:
    """A merchant that is considered again gets back what it once proved to be its own and is still free."""
    proved = Claim.objects.filter(merchant=merchant, state__in=GRANTED).values("store")
    free = Store.objects.filter(pk__in=proved, merchant=None, state=StoreState.OPEN.value)
    for store in free.order_by("pk"):
        attach(store=store, merchant=merchant, by=by, at=at)


def move_to(merchant: Merchant, *, store: Store, by: Person, at: datetime) -> Store:
    """After a dispute: the old row is closed for good, and a new one with the same facts is the merchant's.

    So what the old owner sold, wrote and paired stays with the old row, and nothing of it works in the new
    one. Raises `StoreTaken` where the store changed meanwhile.
    """
    held = Store.objects.filter(pk=store.pk, merchant=store.merchant_id, state__in=HELD)
    if not held.update(state=StoreState.CLOSED.value, osm_ref=None, updated_at=at):
        raise StoreTaken
    end_work_in(store, by=by, at=at)
    facts = ("region", "category", "names", "lon", "lat", "address", "postcode", "city", "phone", "website")
    made = Store.objects.create(
        merchant=merchant,
        **{fact: getattr(store, fact) for fact in facts},
        email=store.email,
        opening_hours=store.opening_hours,
        osm_ref=store.osm_ref,
        updated_at=at,
    )
    for ref, owner in ((store.public_id, store.merchant), (made.public_id, merchant)):
        audit.record(
            action="store.moved",
            subject=ref,
            by=by.public_id,
            at=at,
            before={"store": store.public_id},
            after={"store": made.public_id, "merchant": merchant.public_id},
            merchant=owner.public_id if owner else "",
        )
        outbox.send("index_store", at=at, store_ref=ref)
    return made


def end_work_in(store: Store, *, by: Person, at: datetime) -> None:
    """End the devices, roles, invitations and pairings of one store: it is somebody else's from now on."""
    ended = {"revoked_at": at}
    Device.objects.filter(store=store, revoked_at=None).update(**ended, revoked_by=by)
    Staff.objects.filter(store=store, revoked_at=None).update(**ended, revoked_by=by)
    Invitation.objects.filter(store=store, revoked_at=None, used_at=None).update(**ended)
    Pairing.objects.filter(store=store, revoked_at=None, used_at=None).update(**ended)
