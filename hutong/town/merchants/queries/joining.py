"""Reads of those who join: claims, invitations, pairings, and whom one has to do with already."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from hutong.kernel.text import fold, mask_email, mask_phone
from hutong.town.merchants import rules
from hutong.town.merchants.models import Claim, Device, Invitation, Merchant, Pairing, Staff, Store
from hutong.town.merchants.queries.shops import merchant_view, store_view, stores_whole
from hutong.town.merchants.types import (
    ClaimKind,
    ClaimMethod,
    ClaimState,
    ClaimView,
    ClaimWays,
    EndedDevice,
    EndedRole,
    InvitationState,
    InvitationView,
    MerchantState,
    MerchantView,
    PairingView,
    Right,
    Role,
    StoreState,
    StoreView,
)
from hutong.town.people.models import Person

ENDED_ROLES_SHOWN = timedelta(days=30)


def place_of_address(*, region_id: int, address: str) -> tuple[float, float] | None:
    """Where an address is as (lon, lat), by the stores we know at it, or else in the same street; or None."""
    wanted = fold(address)
    street = wanted.rstrip("0123456789abcdefgh -/")
    if len(street) < 3:
        return None
    nearby = Store.objects.filter(region_id=region_id, address__icontains=address.split(maxsplit=1)[0])
    known = [(fold(store.address), store.lon, store.lat) for store in nearby.order_by("pk")[:500]]
    exact = next(((lon, lat) for text, lon, lat in known if text == wanted), None)
    return exact or next(((lon, lat) for text, lon, lat in known if text.startswith(street)), None)


def claim_ways(store_ref: str) -> ClaimWays | None:
    """How a listing can be proved, masked for whoever asks; None where there is no such store."""
    store = Store.objects.filter(public_id=store_ref).first()
    if store is None:
        return None
    return ClaimWays(
        phone=mask_phone(store.phone) if store.phone.startswith("+") else "",
        email=mask_email(store.email) if store.email else "",
        hosts=rules.mail_hosts(store.website),
    )


def claim_view(claim_ref: str) -> ClaimView | None:
    """The claim of this public id, or None."""
    claim = _claims().filter(public_id=claim_ref).first()
    return _claim(claim) if claim else None


def open_claims(limit: int = 200) -> list[ClaimView]:
    """The operator's queue: claims that wait for a decision, who waited longest first."""
    waiting = _claims().filter(state=ClaimState.WAITING.value)
    return [_claim(claim) for claim in waiting.order_by("submitted_at", "pk")[:limit]]


def claims_of(person: Person) -> list[ClaimView]:
    """The claims of a person that are open, wait, or were refused in the last month; the newest first."""
    live = [ClaimState.OPEN.value, ClaimState.WAITING.value, ClaimState.REJECTED.value]
    return [_claim(claim) for claim in _claims().filter(person=person, state__in=live).order_by("-pk")[:20]]


def claimed_names(claim_refs: list[str]) -> dict[str, dict[str, str]]:
    """The names of the stores that claims are about, by the claim; one statement."""
    return dict(Claim.objects.filter(public_id__in=claim_refs).values_list("public_id", "store__names"))


def claim_history(store_ref: str) -> list[ClaimView]:
    """Every claim to a store, the newest first."""
    return [_claim(claim) for claim in _claims().filter(store__public_id=store_ref).order_by("-pk")]


def merchants_of(person: Person, right: Right = Right.MANAGE_MERCHANT) -> list[MerchantView]:
    """The merchants at which a person holds a right everywhere, whatever their state; one statement."""
    roles = [role.value for role in Role if right in rules.RIGHTS[role]]
    held = Staff.objects.filter(person=person, store=None, role__in=roles, revoked_at=None)
    found = Merchant.objects.filter(pk__in=held.values("merchant")).order_by("pk")
    return [merchant_view(merchant) for merchant in found]


def closed_stores_of(person: Person) -> list[StoreView]:
    """The stores closed for good of merchants that a person owns."""
    own = Staff.objects.filter(person=person, role=Role.OWNER.value, revoked_at=None)
    closed = stores_whole().filter(merchant__in=own.values("merchant"), state=StoreState.CLOSED.value)
    return [store_view(store) for store in closed.order_by("pk")]


def invitations_of(merchant_ref: str, at: datetime) -> list[InvitationView]:
    """The invitations of a merchant that can be taken at `at`, the newest first."""
    live = _invitations().filter(
        merchant__public_id=merchant_ref, used_at=None, revoked_at=None, expires_at__gt=at
    )
    return [_invitation(invitation, at) for invitation in live.order_by("-pk")]


def invitation_by_ref(invitation_ref: str, at: datetime) -> InvitationView | None:
    """The invitation of this public id as it stands at `at`, or None."""
    invitation = _invitations().filter(public_id=invitation_ref).first()
    return _invitation(invitation, at) if invitation else None


def pairing_by_ref(pairing_ref: str, at: datetime) -> PairingView | None:
    """The pairing of this public id as it stands at `at`, or None."""
    whole = Pairing.objects.select_related("store", "store__merchant", "by", "device")
    pairing = whole.filter(public_id=pairing_ref).first()
    if pairing is None or pairing.store.merchant is None:
        return None
    return PairingView(
        ref=pairing.public_id,
        store_ref=pairing.store.public_id,
        store_names=pairing.store.names,
        merchant_ref=pairing.store.merchant.public_id,
        by_name=pairing.by.name,
        expires_at=pairing.expires_at,
        is_open=pairing.used_at is None and pairing.revoked_at is None and pairing.expires_at > at,
        device_ref=pairing.device.public_id if pairing.device else None,
        device_name=pairing.device.name if pairing.device else "",
    )


def ended_device(device_ref: str) -> EndedDevice | None:
    """A device whose pairing was ended, for the phone that asks; None where it is paired or unknown."""
    found = Device.objects.filter(public_id=device_ref, revoked_at__isnull=False)
    device = found.select_related("store", "revoked_by").first()
    if device is None or device.revoked_at is None:
        return None
    return EndedDevice(
        name=device.name,
        store_names=device.store.names,
        revoked_at=device.revoked_at,
        by_name=device.revoked_by.name if device.revoked_by else "",
    )


def ended_roles(person: Person, at: datetime) -> list[EndedRole]:
    """The roles a person lost in the last month at merchants where none is left; the newest first."""
    since = at - ENDED_ROLES_SHOWN
    live = Staff.objects.filter(person=person, revoked_at=None).values("merchant")
    ended = Staff.objects.filter(person=person, revoked_at__gt=since).exclude(merchant__in=live)
    return [
        EndedRole(
            merchant_names=staff.merchant.names,
            role=Role(staff.role),
            ended_at=staff.revoked_at,
            by_self=staff.revoked_by_id == person.pk,
        )
        for staff in ended.select_related("merchant").order_by("-revoked_at")
        if staff.revoked_at is not None
    ]


def _claims() -> QuerySet[Claim]:
    return Claim.objects.select_related("store", "store__merchant", "merchant", "person", "decided_by")


def _claim(claim: Claim) -> ClaimView:
    store, owner, merchant = claim.store, claim.store.merchant, claim.merchant
    return ClaimView(
        ref=claim.public_id,
        kind=ClaimKind(claim.kind),
        method=ClaimMethod(claim.method),
        state=ClaimState(claim.state),
        store_ref=store.public_id,
        store_names=store.names,
        store_address=", ".join(part for part in (store.address, store.postcode, store.city) if part),
        store_phone=store.phone,
        region_id=store.region_id,
        owner_ref=owner.public_id if owner else None,
        owner_names=owner.names if owner else {},
        merchant_ref=merchant.public_id if merchant else None,
        merchant_names=merchant.names if merchant else {},
        person_ref=claim.person.public_id,
        person_name=claim.person.name,
        person_phone=claim.person.phone or "",
        sent_to=claim.sent_to,
        tries_left=claim.tries_left,
        code_expires_at=claim.code_expires_at if claim.code_hmac else None,
        media_type=claim.media_type,
        note=claim.note,
        reason=claim.reason,
        created_at=claim.created_at,
        submitted_at=claim.submitted_at,
        decided_at=claim.decided_at,
        decided_by_name=claim.decided_by.name if claim.decided_by else "",
    )


def _invitations() -> QuerySet[Invitation]:
    return Invitation.objects.select_related("merchant", "store", "by")


def _invitation(invitation: Invitation, at: datetime) -> InvitationView:
    merchant, store = invitation.merchant, invitation.store
    state: InvitationState = rules.invitation_state(
        used_at=invitation.used_at, revoked_at=invitation.revoked_at, expires_at=invitation.expires_at, at=at
    )
    return InvitationView(
        ref=invitation.public_id,
        merchant_ref=merchant.public_id,
        merchant_names=merchant.names,
        merchant_state=MerchantState(merchant.state),
        store_ref=store.public_id if store else None,
        store_names=store.names if store else {},
        role=Role(invitation.role),
        to=invitation.to,
        by_ref=invitation.by.public_id,
        by_name=invitation.by.name,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        state=state,
    )
