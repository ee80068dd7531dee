"""The network is back: a scanner tells what it scanned without it, and the first in the server's order wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.flows import redeem, stored_value
from hutong.flows.redeem import Actor, Wanted
from hutong.flows.refund import EXPIRED
from hutong.kernel.errors import DomainError, Invalid
from hutong.kernel.locking import retrying
from hutong.town.merchants.models import Merchant
from hutong.visit.vouchers import queries as vouchers
from hutong.visit.vouchers import services
from hutong.visit.vouchers.queries import offline
from hutong.visit.vouchers.rules.face import store_mark
from hutong.visit.vouchers.services import offline as scans
from hutong.visit.vouchers.types.face import Face
from hutong.visit.vouchers.types.offline import OfflineLimits, ScanFact, ScanOutcome, ScanTold

MOST_FACTS = 100


class TooManyFacts(Invalid):
    """More facts than one request takes; `most` says how many that are."""

    code = "offline_too_many"
    message = _("Send at most %(most)s scans at once.")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of an upload, each fact in its place, and by how many seconds the device's clock was slow."""

    scans: tuple[ScanTold, ...]
    clock_off_s: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a scanner keeps for the time without a network. `keys` are raw public keys by number."""

    at: datetime
    merchant_ref: str
    store_ref: str
    store_mark: str
    store_names: dict[str, str]
    zone: str
    currency: str
    keys: dict[int, bytes]
    limits: OfflineLimits
    revoked: tuple[str, ...]
    revoked_complete: bool


def bundle(*, actor: Actor, at: datetime) -> Bundle:
    """What the actor's scanner needs to verify vouchers by itself. Two statements."""
    store, merchant = actor.store, _merchant(actor)
    revoked = offline.revoked_of(merchant, at=at)
    return Bundle(
        at=at,
        merchant_ref=merchant.public_id,
        store_ref=store.public_id,
        store_mark=store_mark(store.public_id),
        store_names=store.names,
        zone=store.region.zone,
        currency=store.region.currency,
        keys=vouchers.public_keys(),
        limits=offline.limits_of(merchant.public_id),
        revoked=revoked.marks,
        revoked_complete=revoked.complete,
    )


def upload(
    *, facts: Sequence[ScanFact], device_now: datetime, actor: Actor, address: str, at: datetime
) -> Told:
    """Take what a scanner did without a network, in the order told; each fact once, whatever else fails.

    A scan is judged at the moment it was made: by the device's clock, corrected by what that is off from `at` now
    (`device_now`). What can be redeemed is redeemed, its money moves now; what cannot is a conflict. Facts that were told
    before get their first answer. QR texts that are not this merchant's are refused, alike and without a row, and
    counted like wrong codes. Raises `TooManyFacts`.
    """
    if len(facts) > MOST_FACTS:
        raise TooManyFacts(most=MOST_FACTS)
    merchant_ref, off = _merchant(actor).public_id, at - device_now
    told = [_tell(fact, actor, merchant_ref, off, at) for fact in facts]
    refused = sum(one.outcome is ScanOutcome.REFUSED for one in told)
    if refused:
        scans.count_refused(
            number=refused, actor_ref=actor.ref, merchant_ref=merchant_ref, address=address, at=at
        )
    return Told(scans=tuple(told), clock_off_s=round(off.total_seconds()))


def _merchant(actor: Actor) -> Merchant:
    merchant = actor.store.merchant
    assert merchant is not None, "an unclaimed store has no staff and no device"
    return merchant


def _tell(fact: ScanFact, actor: Actor, merchant_ref: str, off: timedelta, at: datetime) -> ScanTold:
    face = vouchers.read_qr(fact.qr)
    if face is None or face.merchant_ref != merchant_ref:
        return ScanTold(nonce=fact.nonce, outcome=ScanOutcome.REFUSED)
    return _tell_one(fact, face, actor, merchant_ref, off, at)


@retrying
def _tell_one(
    fact: ScanFact, face: Face, actor: Actor, merchant_ref: str, off: timedelta, at: datetime
) -> ScanTold:
    """One transaction: the fact and what came of it are there together, or neither is."""
    with transaction.atomic():
        try:
            scan_id, before = scans.begin_scan(
                fact=fact, face=face, store=actor.store, actor_ref=actor.ref, device=actor.device, by=actor.person,
                off=off, at=at,
            )  # fmt: skip
        except services.VoucherUnknown:
            return ScanTold(nonce=fact.nonce, outcome=ScanOutcome.REFUSED)
        if before is not None:
            return before
        assert scan_id is not None, "what was not told before has begun"
        moment = scans.corrected(fact.scanned_at, off=off, at=at)
        try:
            result = _redeem(fact, face, actor, merchant_ref, moment, at)
        except DomainError as error:
            why = _why_late(error, face, moment, at)
            return scans.conflicted(scan_id=scan_id, reason=why.code, at=at)
        return scans.redeemed(scan_id=scan_id, redemption_ref=result)


def _redeem(
    fact: ScanFact, face: Face, actor: Actor, merchant_ref: str, moment: datetime, at: datetime
) -> str:
    if at - moment > scans.LATEST:
        raise scans.ScanTooOld
    # One that was closed as expired since then is open for this scan; what is not done after all closes it again.
    with transaction.atomic():
        reopened = scans.reopen(voucher_ref=face.voucher_ref, scanned_at=moment)
        result = redeem.redeem_within(
            wanted=Wanted(code=face.code, uses=fact.uses),
            actor=actor,
            merchant_ref=merchant_ref,
            # A scan that the site had redeemed when its answer was lost has the same nonce: then this is its answer.
            nonce=fact.nonce,
            at=moment,
            booked_at=at,
        )
        if reopened:
            scans.close_again(voucher_ref=face.voucher_ref, at=at)
    return result.redemption_ref


def _why_late(error: DomainError, face: Face, moment: datetime, at: datetime) -> DomainError:
    """What the conflict says: that the voucher changed hands, or that its money went back by itself at its end, where
    that came between the scan and its telling; else what redeeming says."""
    gone = (services.VoucherRefunded, services.VoucherAlreadyUsed, services.NotEnoughLeft)
    if not isinstance(error, (services.VoucherUnknown, *gone)):
        return error
    standing = offline.standing_of(face.voucher_ref)
    if isinstance(error, services.VoucherUnknown):
        return scans.GivenMeanwhile() if standing.code_no else error
    ended = moment < standing.valid_until <= at and any(
        one.reason == EXPIRED and standing.unit_refs & set(one.unit_refs)
        for one in stored_value.refunds_of_order(standing.order_ref)
    )
    return scans.EndedMeanwhile() if ended else error
