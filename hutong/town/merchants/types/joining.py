"""Values of joining: claims, sign-ups, invitations, pairings, and what an approval still needs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hutong.town.merchants.types.shops import MerchantState, Role


class ClaimKind(StrEnum):
    """A claim is for a listing nobody has; a dispute for a store that somebody else has already."""

    CLAIM = "claim"
    DISPUTE = "dispute"


class ClaimMethod(StrEnum):
    """How somebody proves that a shop is theirs. An operator who links a store by hand is a method, too."""

    PHONE = "phone"
    EMAIL = "email"
    DOCUMENT = "document"
    OPERATOR = "operator"


class ClaimState(StrEnum):
    """Where a claim stands; the moves are in `rules.CLAIM_TRANSITIONS`."""

    OPEN = "open"
    PROVED = "proved"
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ClaimEvent(StrEnum):
    """What moves a claim."""

    PROVE = "prove"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


class InvitationState(StrEnum):
    """Where an invitation stands at a moment."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class CheckItem(StrEnum):
    """One thing a merchant has or lacks when the operator looks at it."""

    STORE = "store"
    NAMES = "names"
    LEGAL_NAME = "legal_name"
    BUSINESS_ID = "business_id"
    PHONE = "phone"
    EMAIL = "email"
    HOURS = "hours"
    PICTURE = "picture"
    DESCRIPTION = "description"
    DEAL = "deal"
    SCANNER = "scanner"


@dataclass(frozen=True, slots=True)
class EndedDevice:
    """A device whose pairing was ended, for the phone that still thinks it is one."""

    name: str
    store_names: dict[str, str]
    revoked_at: datetime
    by_name: str


@dataclass(frozen=True, slots=True)
class EndedRole:
    """A role that was taken away, for the person who held it."""

    merchant_names: dict[str, str]
    role: Role
    ended_at: datetime
    by_self: bool


@dataclass(frozen=True, slots=True)
class NewShop:
    """A shop as its owner describes it at sign-up; degrees are WGS-84."""

    names: dict[str, str]
    category_slug: str
    address: str
    postcode: str
    city: str
    lon: float
    lat: float
    phone: str


@dataclass(frozen=True, slots=True)
class ClaimWays:
    """How a listing can be proved: the masked phone that would be called, hosts an e-mail may be at."""

    phone: str
    email: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim as its claimant and the operator see it. `sent_to` is masked; the person's phone is not.

    `merchant_ref` is None where a new merchant is made when the claim succeeds. `owner_ref` is who has the
    store now. `media_type` is "" without a document.
    """

    ref: str
    kind: ClaimKind
    method: ClaimMethod | None
    state: ClaimState
    store_ref: str
    store_names: dict[str, str]
    store_address: str
    store_phone: str
    region_id: int
    owner_ref: str | None
    owner_names: dict[str, str]
    merchant_ref: str | None
    merchant_names: dict[str, str]
    person_ref: str
    person_name: str
    person_phone: str
    sent_to: str
    tries_left: int
    code_expires_at: datetime | None
    media_type: str
    note: str
    reason: str
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by_name: str


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation as the team and its guest see it. `to` is a phone, an e-mail address, or "" for a link."""

    ref: str
    merchant_ref: str
    merchant_names: dict[str, str]
    merchant_state: MerchantState
    store_ref: str | None
    store_names: dict[str, str]
    role: Role
    to: str
    by_ref: str
    by_name: str
    created_at: datetime
    expires_at: datetime
    state: InvitationState


@dataclass(frozen=True, slots=True)
class PairingView:
    """A pairing that a phone may take by its QR. `device_ref` is who took it."""

    ref: str
    store_ref: str
    store_names: dict[str, str]
    merchant_ref: str
    by_name: str
    expires_at: datetime
    is_open: bool
    device_ref: str | None
    device_name: str


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What the checklist looks at, gathered from the rooms that own it."""

    names: dict[str, str]
    legal_name: str
    business_id: str
    phone: str
    email: str
    stores: int
    hours: bool
    pictures: int
    descriptions: dict[str, str]
    deals: int
    devices: int


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of the checklist; `must` says that the operator will not approve without it."""

    item: CheckItem
    done: bool
    must: bool
