"""Pure decisions about merchants: their moves between states, their people's rights, who owns a listing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from hutong.kernel.text import fold
from hutong.town.contents.rules import TAKE_BACK_WITHIN
from hutong.town.merchants.types import (
    CheckItem,
    CheckLine,
    ClaimEvent,
    ClaimState,
    InvitationState,
    MerchantEvent,
    MerchantMove,
    MerchantState,
    Right,
    Role,
    ShopFacts,
    StaffRole,
    StoreState,
)

MERCHANT_TRANSITIONS: dict[tuple[MerchantState, MerchantEvent], MerchantState] = {
    (MerchantState.APPLIED, MerchantEvent.APPROVE): MerchantState.APPROVED,
    (MerchantState.APPLIED, MerchantEvent.REJECT): MerchantState.REJECTED,
    (MerchantState.REJECTED, MerchantEvent.APPROVE): MerchantState.APPROVED,
    (MerchantState.APPROVED, MerchantEvent.SUSPEND): MerchantState.SUSPENDED,
    (MerchantState.SUSPENDED, MerchantEvent.REINSTATE): MerchantState.APPROVED,
}

CLAIM_TRANSITIONS: dict[tuple[ClaimState, ClaimEvent], ClaimState] = {
    (ClaimState.OPEN, ClaimEvent.PROVE): ClaimState.PROVED,
    (ClaimState.WAITING, ClaimEvent.PROVE): ClaimState.PROVED,
    (ClaimState.OPEN, ClaimEvent.SUBMIT): ClaimState.WAITING,
    (ClaimState.WAITING, ClaimEvent.SUBMIT): ClaimState.WAITING,
    (ClaimState.WAITING, ClaimEvent.APPROVE): ClaimState.APPROVED,
    (ClaimState.WAITING, ClaimEvent.REJECT): ClaimState.REJECTED,
    (ClaimState.OPEN, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
    (ClaimState.WAITING, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
}

# A merchant opens and closes its own stores.
STORE_TRANSITIONS: dict[StoreState, frozenset[StoreState]] = {
    StoreState.OPEN: frozenset({StoreState.PAUSED, StoreState.CLOSED}),
    StoreState.PAUSED: frozenset({StoreState.OPEN, StoreState.CLOSED}),
    StoreState.CLOSED: frozenset({StoreState.OPEN}),
}

# Codes of claims: six digits, three tries, a quarter of an hour; a listing's phone rings three times a day.
CLAIM_TRIES = 3
CLAIM_CODE_LIFETIME = timedelta(minutes=15)
CLAIM_CALLS_A_DAY = 3
CLAIM_CODES_A_DAY = 10
CLAIM_DOCUMENTS_A_DAY = 5
CLAIMS_PER_ADDRESS_A_DAY = 30
SIGN_UPS_A_DAY = 5
INVITATIONS_A_DAY = 50
DOCUMENT_LIMIT = 10 * 1024 * 1024
# How long after the decision the document of a claim is kept, for whoever disputes it.
DOCUMENT_KEPT = timedelta(days=90)
INVITATION_LIFETIME = timedelta(days=7)
PAIRING_LIFETIME = timedelta(minutes=10)
# A device's last sign of life is written down so often.
SEEN_EVERY = timedelta(minutes=5)

# Mailboxes anybody can have, and sites on which many shops have their page: an address there proves nothing.
# The public suffix list knows those that give each customer a host of their own (wixsite.com, github.io).
SHARED_HOSTS = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com "
    "mac.com aol.com proton.me protonmail.com pm.me gmx.com gmx.net gmx.de web.de mail.com mail.ru yandex.ru "
    "yandex.com zoho.com qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com aliyun.com "
    "139.com 189.cn luukku.com kolumbus.fi suomi24.fi netti.fi welho.com elisanet.fi "
    "facebook.com fb.com instagram.com twitter.com x.com tiktok.com linkedin.com youtube.com google.com "
    "goo.gl linktr.ee bit.ly wordpress.com blogspot.com tumblr.com medium.com wix.com squarespace.com "
    "weebly.com jimdo.com tripadvisor.com yelp.com booking.com airbnb.com wolt.com foodora.fi ubereats.com "
    "deliveroo.com doordash.com weibo.com weixin.qq.com dianping.com meituan.com taobao.com".split()
)

# From here on two names of places beside each other are taken for one.
ALIKE_RATIO = 0.85

# Who may do what at a merchant. Deliveries are a courier's; until there are any, the role opens the home page.
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.MANAGER: frozenset(Right) - {Right.MANAGE_MERCHANT},
    Role.CASHIER: frozenset({Right.REDEEM, Right.SEE_TODAY}),
    Role.COURIER: frozenset(),
    Role.ACCOUNTANT: frozenset({Right.SEE_TODAY, Right.SEE_TAKINGS, Right.SEE_ORDERS, Right.SEE_MONEY}),
}
# What an operator may do who acts for a merchant: its contents and prices, never its people or its money.
ACTING_RIGHTS = frozenset({Right.EDIT_DEALS, Right.EDIT_STORE, Right.SEE_TODAY})


def next_merchant_state(state: MerchantState, event: MerchantEvent) -> MerchantState | None:
    """The state a merchant moves to, or None where the table has no such move."""
    return MERCHANT_TRANSITIONS.get((state, event))


def event_of(state: MerchantState, *, approve: bool) -> MerchantEvent | None:
    """What an operator's yes or no means for a merchant in this state; None where it means nothing."""
    meanings = {
        (MerchantState.APPLIED, True): MerchantEvent.APPROVE,
        (MerchantState.APPLIED, False): MerchantEvent.REJECT,
        (MerchantState.REJECTED, True): MerchantEvent.APPROVE,
        (MerchantState.APPROVED, False): MerchantEvent.SUSPEND,
        (MerchantState.SUSPENDED, True): MerchantEvent.REINSTATE,
    }
    return meanings.get((state, approve))


def may_take_back(last: MerchantMove, state: MerchantState, *, at: datetime) -> bool:
    """Whether the last decision about a merchant can be taken back: it is young, and nothing came after it.

    What took a decision back is no move of the table, and so cannot be taken back itself.
    """
    moves = {(start, end) for (start, _event), end in MERCHANT_TRANSITIONS.items()}
    is_decision = (last.from_state, last.to_state) in moves
    return is_decision and last.to_state is state and timedelta() <= at - last.at <= TAKE_BACK_WITHIN


def names_alike(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Whether two places have nearly the same name in any language: case, accents and a letter or two apart."""
    return any(
        SequenceMatcher(a=one, b=other, autojunk=False).ratio() >= ALIKE_RATIO
        for one in {fold(name) for name in ours.values() if name}
        for other in {fold(name) for name in theirs.values() if name}
    )


def holds(role: StaffRole, right: Right, *, merchant_ref: str, store_ref: str | None) -> bool:
    """Whether a role gives a right in a store of a merchant; `store_ref` None asks for the whole merchant."""
    if role.merchant_ref != merchant_ref or right not in RIGHTS[role.role]:
        return False
    return role.store_ref is None or role.store_ref == store_ref


def role_redeems(role: StaffRole, *, merchant_ref: str, store_ref: str) -> bool:
    """Whether a role lets its holder redeem in a store; nobody redeems for a merchant that is not approved."""
    if role.merchant_state is not MerchantState.APPROVED:
        return False
    return holds(role, Right.REDEEM, merchant_ref=merchant_ref, store_ref=store_ref)


def next_claim_state(state: ClaimState, event: ClaimEvent) -> ClaimState | None:
    """The state a claim moves to, or None where the table has no such move."""
    return CLAIM_TRANSITIONS.get((state, event))


def mail_hosts(website: str) -> tuple[str, ...]:
    """The hosts at which an e-mail address proves that somebody belongs to the shop of this website.

    The website's own host without `www.`, and its parents down to the one that was registered; never a public
    suffix (`co.uk`), nor a host where anybody gets a mailbox or a page.
    """
    host = (urlsplit(website).hostname or "").rstrip(".").lower().removeprefix("www.")
    registered = _suffixes().privatesuffix(host) if host else None
    if registered is None or registered in SHARED_HOSTS or host in SHARED_HOSTS:
        return ()
    labels, depth = host.split("."), registered.count(".") + 1
    return tuple(".".join(labels[start:]) for start in range(len(labels) - depth + 1))


def email_proves(address: str, *, website: str, email: str) -> bool:
    """Whether a mailbox belongs to the shop: it is the one it publishes, or is at its website's host."""
    address = address.lower()
    return address == email.lower() or address.rpartition("@")[2] in mail_hosts(website)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def may_give(giver: Role, role: Role) -> bool:
    """Whether who holds `giver` may give or take `role`: nobody hands on more rights than they have."""
    return Right.MANAGE_TEAM in RIGHTS[giver] and RIGHTS[role] <= RIGHTS[giver]


def invitation_state(
    *, used_at: datetime | None, revoked_at: datetime | None, expires_at: datetime, at: datetime
) -> InvitationState:
    """Where an invitation stands at a moment."""
    if used_at is not None:
        return InvitationState.USED
    if revoked_at is not None:
        return InvitationState.REVOKED
    return InvitationState.EXPIRED if expires_at <= at else InvitationState.OPEN


def missing_for_approval(facts: ShopFacts) -> list[CheckLine]:
    """Everything an operator looks at before approving a merchant, done or not, in the order to mend it.

    A name on the door is enough to be approved; one in each language is better.
    """
    both = bool(facts.names.get("en")) and bool(facts.names.get("zh-Hans") or facts.names.get("zh"))
    told = [language for language in ("en", "zh-Hans") if facts.descriptions.get(language)]
    lines = (
        (CheckItem.STORE, facts.stores > 0, True),
        (CheckItem.LEGAL_NAME, bool(facts.legal_name), True),
        (CheckItem.BUSINESS_ID, bool(facts.business_id), True),
        (CheckItem.PHONE, bool(facts.phone), True),
        (CheckItem.HOURS, facts.hours, True),
        (CheckItem.DEAL, facts.deals > 0, True),
        (CheckItem.PICTURE, facts.pictures > 0, False),
        (CheckItem.DESCRIPTION, len(told) == 2, False),
        (CheckItem.NAMES, both, False),
        (CheckItem.EMAIL, bool(facts.email), False),
        (CheckItem.SCANNER, facts.devices > 0, False),
    )
    return [CheckLine(item=item, done=done, must=must) for item, done, must in lines]
