"""Redeeming in the store, by a device or by one of the staff."""

from __future__ import annotations

from ninja import Router, Status

from hutong.api.actors import StoreUnclear, person_of
from hutong.api.answers import once
from hutong.api.doors import ApiRequest, Scope, scope
from hutong.api.schemas.base import Key, Ref, RefPath
from hutong.api.schemas.offline import BundleOut, OfflineIn, OfflineOut
from hutong.api.schemas.requests import RequestIn, RequestOut
from hutong.api.schemas.visit import PreparedOut, PrepareIn, RedemptionIn, RedemptionOut, UndoIn, UndoOut
from hutong.flows import offline_scans, redeem, redeem_by_phone
from hutong.kernel import clock
from hutong.kernel.http import client_address
from hutong.town.merchants.queries import stores_of
from hutong.town.people.types import TokenKind
from hutong.visit.vouchers.services import requests

router = Router(tags=["Redeeming"])


@router.post("/redemptions/prepare", auth=scope(Scope.REDEMPTIONS_WRITE), response={200: PreparedOut})
def prepare_redemption(request: ApiRequest, body: PrepareIn) -> PreparedOut:
    """What a voucher could be used for now, and what has to be said for that. Changes nothing.

    A code nobody has and a code of another merchant are answered alike, and counted as in redeeming.
    """
    actor = _actor(request, body.store)
    address = client_address(request)
    return PreparedOut.of(redeem.prepare(code=body.code, actor=actor, address=address, at=clock.now()))


@router.post("/redemptions", auth=scope(Scope.REDEMPTIONS_WRITE), response={201: RedemptionOut})
def redeem_voucher(request: ApiRequest, body: RedemptionIn, key: Key) -> Status[RedemptionOut]:
    """Use a voucher, once or several times, all or nothing. The Idempotency-Key is the nonce of this scan: again it
    gives the same answer.

    A code nobody has and a code of another merchant are answered alike.
    """
    done = redeem.redeem(
        wanted=redeem.Wanted(
            code=body.code,
            uses=body.uses,
            choices=tuple(body.choices),
            bill=body.bill.money() if body.bill else None,
            override_reason=body.override_reason,
        ),
        actor=_actor(request, body.store),
        nonce=key,
        address=client_address(request),
        at=clock.now(),
    )
    return Status(201, RedemptionOut.of(done))


@router.get("/redemptions/offline", auth=scope(Scope.REDEMPTIONS_WRITE), response={200: BundleOut})
def get_offline_bundle(request: ApiRequest, store: Ref | None = None) -> BundleOut:
    """What a scanner keeps to verify vouchers without a network: keys, limits, and what is over before its time.

    Fetch it every few minutes. `docs/concepts/offline.md` has the text of the QR and how it is verified.
    """
    return BundleOut.of(offline_scans.bundle(actor=_actor(request, store), at=clock.now()))


@router.post("/redemptions/offline", auth=scope(Scope.REDEMPTIONS_WRITE), response={200: OfflineOut})
def tell_offline_scans(request: ApiRequest, body: OfflineIn) -> OfflineOut:
    """Tell what was scanned without a network. Each scan counts once by its nonce, however often it is told.

    The first in the server's order is redeemed, what comes too late is a conflict. QR texts that are not vouchers of
    this merchant are refused, and nothing is said about them.
    """
    told = offline_scans.upload(
        facts=[scan.fact() for scan in body.scans],
        device_now=body.now,
        actor=_actor(request, body.store),
        address=client_address(request),
        at=clock.now(),
    )
    return OfflineOut.of(told)


@router.post("/redemptions/requests", auth=scope(Scope.REDEMPTIONS_WRITE), response={202: RequestOut})
def ask_by_phone(request: ApiRequest, body: RequestIn, key: Key) -> Status[RequestOut]:
    """Ask whoever has a phone number for leave to redeem; they choose the voucher and confirm on their phone.

    The answer is the same whether or not somebody has the number, and takes as long. The same Idempotency-Key gets the
    same question. One question of a device is open at a time, for five minutes.
    """
    asked = redeem_by_phone.ask(
        phone=body.phone,
        uses=body.uses,
        bill=body.bill.money() if body.bill else None,
        actor=_actor(request, body.store),
        nonce=key,
        address=client_address(request),
        at=clock.now(),
    )
    return Status(202, RequestOut.of(asked))


@router.get("/redemptions/requests/{ref}", auth=scope(Scope.REDEMPTIONS_WRITE), response={200: RequestOut})
def get_request(request: ApiRequest, ref: RefPath, store: Ref | None = None) -> RequestOut:
    """How one's own question stands; once it is confirmed, with what was redeemed. Ask every few seconds."""
    found = redeem_by_phone.answered(request_ref=ref, actor=_actor(request, store), at=clock.now())
    return RequestOut.answered(found)


@router.delete("/redemptions/requests/{ref}", auth=scope(Scope.REDEMPTIONS_WRITE), response={200: RequestOut})
def withdraw_request(request: ApiRequest, ref: RefPath, store: Ref | None = None) -> RequestOut:
    """Take one's own question back; where it was confirmed before, that is the answer."""
    actor, at = _actor(request, store), clock.now()
    requests.withdraw(request_ref=ref, actor_ref=actor.ref, at=at)
    return RequestOut.answered(redeem_by_phone.answered(request_ref=ref, actor=actor, at=at))


@router.post("/redemptions/{ref}/undo", auth=scope(Scope.REDEMPTIONS_WRITE), response={200: UndoOut})
def undo_redemption(request: ApiRequest, ref: RefPath, body: UndoIn, key: Key) -> Status[UndoOut]:
    """Take a redemption back within 15 minutes: the device that did it, or a manager of the store."""
    actor = _actor(request, body.store)

    def undo() -> tuple[int, UndoOut]:
        undone = redeem.undo(redemption_ref=ref, actor=actor, at=clock.now())
        return 200, UndoOut(
            ref=undone.redemption_ref, at=undone.at, voucher_state=undone.voucher_state, replay=undone.replay
        )

    return once(request, key, body, undo)


def _actor(request: ApiRequest, store: Ref | None) -> redeem.Actor:
    """Who redeems, and where. A device stands in its store; a person may leave out the only store they have."""
    subject = request.auth
    if subject.kind is TokenKind.DEVICE:
        return redeem.actor_for(device_ref=subject.subject_ref)
    person = person_of(request)
    if store is None:
        own = [one.ref for one in stores_of(person)]
        if len(own) > 1:
            raise StoreUnclear(stores=own)
        store = own[0] if own else None
    return redeem.actor_for(person=person, store_ref=store)
