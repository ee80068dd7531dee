"""The pictures of a store or an offer: added, ordered, described, taken away, by who may edit their owner.

Each change is a new version of the owner's pictures, published or waiting as `flows.publish` decides. The
version that is worked on is the one that waits or was refused last; else what readers see.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from django.db import transaction

from hutong.flows import publish
from hutong.kernel.errors import Forbidden, Invalid, NotFound
from hutong.kernel.locking import advisory
from hutong.kernel.text import clean
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState
from hutong.town.contents import queries as contents
from hutong.town.contents.rules import pictures_of
from hutong.town.contents.types import RevisionState, RevisionView, SubjectKind
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.queries import has_right
from hutong.town.merchants.types import Right
from hutong.town.people.models import Person
from hutong.town.pictures import queries, services
from hutong.town.pictures.rules import LANGUAGES, MAX_ALT, MAX_PICTURES
from hutong.town.pictures.types import Collected, PictureState, PictureView

_ALL_WAITING = 1_000_000
# An offer in one of these states is looked at as a whole before it goes on sale, its pictures included.
_NOT_YET_APPROVED = (OfferState.DRAFT, OfferState.SUBMITTED, OfferState.REJECTED)


@dataclass(frozen=True, slots=True)
class Owner:
    """What pictures are of. `reviewed` says whether the operator looks at the pictures by themselves."""

    ref: str
    merchant_ref: str
    right: Right
    # The store in which the right must be held; None asks for it in all stores of the merchant.
    store_ref: str | None
    names: dict[str, str]
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Working:
    """The version that is worked on. `newest` is the newest one there is, with what was decided about it."""

    owner: Owner
    pictures: tuple[PictureView, ...]
    alts: dict[str, dict[str, str]]
    newest: RevisionView | None

    @property
    def tiles(self) -> list[tuple[PictureView, str, str]]:
        """Each picture with its words in English and in Chinese."""
        told = [(picture, self.alts.get(picture.ref, {})) for picture in self.pictures]
        return [(picture, words.get("en", ""), words.get("zh-Hans", "")) for picture, words in told]

    @property
    def full(self) -> bool:
        """Whether there is no room for another picture."""
        return len(self.pictures) >= MAX_PICTURES

    @property
    def waits(self) -> bool:
        """Whether the operator has yet to decide about this version."""
        return self.newest is not None and self.newest.state is RevisionState.WAITING

    @property
    def refused(self) -> bool:
        """Whether the operator said no to this version."""
        return self.newest is not None and self.newest.state is RevisionState.REJECTED


def owner_by_ref(owner_ref: str) -> Owner | None:
    """The store or offer of this public id, when it belongs to a merchant."""
    if owner_ref.startswith("sto_"):
        store = merchants.store_by_ref(owner_ref)
        if store is None or store.merchant_ref is None:
            return None
        return Owner(store.ref, store.merchant_ref, Right.EDIT_STORE, store.ref, store.names, reviewed=True)
    offer = catalog.offer_by_ref(owner_ref)
    if offer is None:
        return None
    reviewed = offer.state not in _NOT_YET_APPROVED
    return Owner(offer.ref, offer.merchant_ref, Right.EDIT_DEALS, None, offer.titles, reviewed=reviewed)


def may_edit(owner: Owner, by: Person) -> bool:
    """Whether a person may change the pictures of an owner; operators may."""
    return by.is_operator or has_right(by, owner.right, owner.merchant_ref, owner.store_ref)


def working(owner_ref: str) -> Working:
    """The version of an owner's pictures that is worked on. Raises `NotFound`."""
    owner = owner_by_ref(owner_ref)
    if owner is None:
        raise NotFound
    newest = next(iter(contents.history(pictures_of(owner_ref), limit=1)), None)
    undecided = newest if newest and newest.state in (RevisionState.WAITING, RevisionState.REJECTED) else None
    if undecided is None:
        shown = queries.shown(owner_ref)
        return Working(owner, tuple(shown), {picture.ref: picture.alts for picture in shown}, newest)
    found = queries.pictures(undecided.body["pictures"])
    there = [found[ref] for ref in undecided.body["pictures"] if ref in found]
    kept = tuple(picture for picture in there if picture.state is not PictureState.REMOVED)
    return Working(owner, kept, undecided.body["alts"], newest)


def add(*, owner_ref: str, stream: IO[bytes], by: Person, at: datetime) -> PictureView:
    """Add an upload behind the other pictures. Raises `NotFound`, `Forbidden`, `TooManyPictures`, and what
    `pictures.services.add_picture` raises."""
    _check_room(_edited(owner_ref, by))
    owner = working(owner_ref).owner
    # Decoding takes a second, so it is done before anything is locked.
    made = services.add_picture(
        owner_ref=owner_ref, merchant_ref=owner.merchant_ref, stream=stream, by=by, at=at
    )
    with transaction.atomic():
        now = _locked(owner_ref, by)
        _check_room(now)
        _propose(now, [*_refs(now), made.ref], now.alts, by, at)
    return made


def move(*, picture_ref: str, to: int, by: Person, at: datetime) -> None:
    """Put a picture at another place, counted from 0; the first one is the cover. Raises `NotFound`, `Forbidden`."""
    with transaction.atomic():
        now = _locked(_owner_of(picture_ref), by)
        refs = _refs(now)
        if picture_ref not in refs:
            raise NotFound
        refs.remove(picture_ref)
        refs.insert(max(0, min(to, len(refs))), picture_ref)
        _propose(now, refs, now.alts, by, at)


def describe(*, picture_ref: str, alts: Mapping[str, str], by: Person, at: datetime) -> None:
    """Say in words what a picture shows, for those who do not see it. Raises `NotFound`, `Forbidden`, `Invalid`."""
    words = {language: clean(text, limit=MAX_ALT) for language, text in alts.items()}
    if set(words) - set(LANGUAGES):
        raise Invalid
    with transaction.atomic():
        now = _locked(_owner_of(picture_ref), by)
        if picture_ref not in _refs(now):
            raise NotFound
        said = {language: text for language, text in words.items() if text}
        _propose(now, _refs(now), {**now.alts, picture_ref: said}, by, at)


def remove(*, picture_ref: str, by: Person, at: datetime) -> int:
    """Take a picture away; the place it had, to bring it back there. Raises `NotFound`, `Forbidden`."""
    with transaction.atomic():
        now = _locked(_owner_of(picture_ref), by)
        refs = _refs(now)
        if picture_ref not in refs:
            raise NotFound
        place = refs.index(picture_ref)
        refs.remove(picture_ref)
        services.remove(picture_ref=picture_ref, at=at)
        _propose(now, refs, now.alts, by, at)
    return place


def bring_back(*, picture_ref: str, to: int, by: Person, at: datetime) -> None:
    """Undo `remove`, within a week. Raises `NotFound`, `Forbidden`, `TooManyPictures`."""
    with transaction.atomic():
        now = _locked(_owner_of(picture_ref), by)
        _check_room(now)
        refs = _refs(now)
        picture = queries.picture(picture_ref)
        gone = picture is None or picture.state is PictureState.REMOVED
        if picture_ref in refs or (gone and not services.bring_back(picture_ref=picture_ref, at=at)):
            raise NotFound
        assert picture is not None, "an owner was found by it"
        refs.insert(max(0, min(to, len(refs))), picture_ref)
        _propose(now, refs, {picture_ref: picture.alts, **now.alts}, by, at)


def withdraw(*, owner_ref: str, by: Person, at: datetime) -> None:
    """Go back to the pictures that readers see; what waits or was refused is dropped. Raises as `move`."""
    with transaction.atomic():
        now = _locked(owner_ref, by)
        shown = queries.shown(owner_ref)
        _propose(now, [picture.ref for picture in shown], {one.ref: one.alts for one in shown}, by, at)


def collect(*, at: datetime) -> Collected:
    """Delete the files of pictures that nobody sees, that wait for nobody's word, and that were left a week ago."""
    kept: set[str] = set()
    for revision in contents.waiting(limit=_ALL_WAITING):
        if revision.kind is SubjectKind.PICTURES:
            kept.update(revision.body["pictures"])
    return services.collect(kept_refs=kept, at=at)


def _edited(owner_ref: str, by: Person) -> Working:
    now = working(owner_ref)
    if not may_edit(now.owner, by):
        raise Forbidden
    return now


def _locked(owner_ref: str, by: Person) -> Working:
    """The working version, of which no other change is made until this transaction ends."""
    advisory("pictures.working", owner_ref)
    return _edited(owner_ref, by)


def _owner_of(picture_ref: str) -> str:
    picture = queries.picture(picture_ref)
    if picture is None:
        raise NotFound
    return picture.owner_ref


def _refs(now: Working) -> list[str]:
    return [picture.ref for picture in now.pictures]


def _check_room(now: Working) -> None:
    if now.full:
        raise services.TooManyPictures


def _propose(
    now: Working, refs: list[str], alts: Mapping[str, Mapping[str, str]], by: Person, at: datetime
) -> None:
    body: dict[str, Any] = {
        "pictures": refs,
        "alts": {ref: dict(alts[ref]) for ref in refs if alts.get(ref)},
    }
    publish.propose_pictures(
        owner_ref=now.owner.ref,
        merchant_ref=now.owner.merchant_ref,
        body=body,
        reviewed=now.owner.reviewed,
        by=by,
        at=at,
    )
