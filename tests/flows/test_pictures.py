"""Pictures of a store and of an offer: who may change them, what readers see meanwhile, what is kept."""

from __future__ import annotations

import io
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.flows import pictures, publish
from hutong.kernel import audit
from hutong.kernel.errors import Forbidden, NotFound
from hutong.kernel.rows import rows
from hutong.town.contents import queries as contents
from hutong.town.contents.rules import pictures_of
from hutong.town.contents.types import RevisionState
from hutong.town.merchants.models import Staff, Store
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from hutong.town.pictures import queries
from hutong.town.pictures.services import TooManyPictures
from hutong.town.pictures.services.files import every
from hutong.town.regions import services as regions
from hutong.town.regions.types import Feature
from tests.factories import catalog, merchants, people
from tests.factories.pictures import image, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """A folder of its own for each test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def store(at: datetime) -> Store:
    """A store of an approved merchant in a region that does not review."""
    return merchants.store(at=at)


@pytest.fixture
def owner(store: Store) -> Person:
    """The owner of the merchant."""
    return Staff.objects.get(merchant=store.merchant, role=Role.OWNER.value).person


def review(store: Store, at: datetime) -> None:
    """The operator wants to see contents before they are published."""
    regions.set_feature(
        region_ref=store.region.public_id,
        feature=Feature.REVIEW_CONTENTS,
        on=True,
        by=people.operator().public_id,
        at=at,
    )


def no_review(store: Store, at: datetime) -> None:
    """What is written is published at once."""
    regions.set_feature(
        region_ref=store.region.public_id,
        feature=Feature.REVIEW_CONTENTS,
        on=False,
        by=people.operator().public_id,
        at=at,
    )


def add(owner_ref: str, by: Person, at: datetime, shade: int = 0) -> str:
    """Upload a picture; each shade is a file of its own."""
    data = upload(image(colour=(200, 40, shade)))
    return pictures.add(owner_ref=owner_ref, stream=io.BytesIO(data), by=by, at=at).ref


def shown(owner_ref: str) -> list[str]:
    return [picture.ref for picture in queries.shown(owner_ref)]


def test_without_review_a_picture_is_live_at_once_and_the_first_is_the_cover(
    store: Store, owner: Person, at: datetime
) -> None:
    no_review(store, at)
    ref = store.public_id
    first, second = add(ref, owner, at), add(ref, owner, at, 90)
    assert shown(ref) == [first, second]
    assert queries.covers([ref])[ref].variants == queries.pictures([first])[first].variants
    pictures.move(picture_ref=second, to=0, by=owner, at=at)
    assert shown(ref) == [second, first]
    assert rows(
        "SELECT 1 FROM kernel_outboxrow WHERE job = 'index_store' AND payload->>'store_ref' = %s", [ref]
    )


def test_with_review_readers_wait_for_the_operator(store: Store, owner: Person, at: datetime) -> None:
    review(store, at)
    ref = store.public_id
    first = add(ref, owner, at)
    assert shown(ref) == []
    assert pictures.working(ref).waits
    second = add(ref, owner, at, 90)
    (waiting,) = [one for one in contents.waiting() if one.subject_ref == pictures_of(ref)]
    assert waiting.body["pictures"] == [first, second]
    publish.decide(revision_ref=waiting.ref, approve=True, by=people.operator(), at=at)
    assert shown(ref) == [first, second]
    pictures.remove(picture_ref=first, by=owner, at=at)
    assert shown(ref) == [first, second]
    assert [one.ref for one in pictures.working(ref).pictures] == [second]


def test_a_refused_version_can_be_mended_or_dropped(store: Store, owner: Person, at: datetime) -> None:
    review(store, at)
    ref = store.public_id
    first = add(ref, owner, at)
    (waiting,) = contents.waiting()
    publish.decide(revision_ref=waiting.ref, approve=False, reason="Too dark.", by=people.operator(), at=at)
    now = pictures.working(ref)
    assert now.refused
    assert now.newest is not None
    assert now.newest.reason == "Too dark."
    assert [one.ref for one in now.pictures] == [first]
    second = add(ref, owner, at, 90)
    assert [one.ref for one in pictures.working(ref).pictures] == [first, second]
    pictures.withdraw(owner_ref=ref, by=owner, at=at)
    now = pictures.working(ref)
    assert (now.pictures, now.waits, now.refused) == ((), False, False)
    assert contents.waiting() == []


def test_words_of_a_picture_go_through_the_same_review(store: Store, owner: Person, at: datetime) -> None:
    no_review(store, at)
    ref = store.public_id
    first = add(ref, owner, at)
    pictures.describe(picture_ref=first, alts={"en": " The  counter ", "zh-Hans": ""}, by=owner, at=at)
    assert queries.shown(ref)[0].alts == {"en": "The counter"}


def test_removing_can_be_undone_for_a_week(store: Store, owner: Person, at: datetime) -> None:
    no_review(store, at)
    ref = store.public_id
    first, second = add(ref, owner, at), add(ref, owner, at, 90)
    place = pictures.remove(picture_ref=first, by=owner, at=at)
    assert (place, shown(ref)) == (0, [second])
    pictures.bring_back(picture_ref=first, to=place, by=owner, at=at + timedelta(days=6))
    assert shown(ref) == [first, second]
    pictures.remove(picture_ref=first, by=owner, at=at)
    with pytest.raises(NotFound):
        pictures.bring_back(picture_ref=first, to=0, by=owner, at=at + timedelta(days=8))


def test_twenty_pictures_and_no_more(store: Store, owner: Person, at: datetime) -> None:
    no_review(store, at)
    data = upload(image(200, 200))
    for _ in range(20):
        pictures.add(owner_ref=store.public_id, stream=io.BytesIO(data), by=owner, at=at)
    with pytest.raises(TooManyPictures):
        pictures.add(owner_ref=store.public_id, stream=io.BytesIO(data), by=owner, at=at)
    assert len(list(every())) == 2


def test_pictures_of_a_deal_wait_only_once_it_was_approved(store: Store, owner: Person, at: datetime) -> None:
    review(store, at)
    draft = catalog.offer(store=store, live=False, at=at)
    ref = add(draft.public_id, owner, at)
    assert shown(draft.public_id) == [ref]
    live = catalog.offer(store=store, title="Soup", at=at)
    add(live.public_id, owner, at)
    assert shown(live.public_id) == []
    assert pictures.working(live.public_id).waits


def test_others_may_change_nothing(store: Store, owner: Person, at: datetime) -> None:
    ref = store.public_id
    first = add(ref, owner, at)
    cashier = merchants.staff(merchant=store.merchant, role=Role.CASHIER).person  # type: ignore[arg-type]
    stranger = Staff.objects.get(merchant=merchants.store(at=at).merchant, role=Role.OWNER.value).person
    for by in (cashier, stranger):
        with pytest.raises(Forbidden):
            add(ref, by, at)
        with pytest.raises(Forbidden):
            pictures.remove(picture_ref=first, by=by, at=at)
        with pytest.raises(Forbidden):
            pictures.describe(picture_ref=first, alts={"en": "x"}, by=by, at=at)
    with pytest.raises(NotFound):
        add(merchants.listing().public_id, owner, at)
    with pytest.raises(NotFound):
        pictures.move(picture_ref="pic_nothing", to=0, by=owner, at=at)


def test_every_change_is_in_the_audit_log(store: Store, owner: Person, at: datetime) -> None:
    no_review(store, at)
    first = add(store.public_id, owner, at)
    found = audit.search(subject=store.public_id, action="content.")
    assert found.entries[0].changes == {"pictures": [[], [first]]}
    assert audit.search(subject=first).entries[0].action == "picture.added"


def test_files_that_nobody_needs_are_collected(
    store: Store, owner: Person, at: datetime, media: Path
) -> None:
    """Shown, waiting and lately removed ones stay; the same file of another picture stays, too."""
    no_review(store, at)
    ref, later = store.public_id, at + timedelta(days=8)
    shared, gone, stays = add(ref, owner, at), add(ref, owner, at, 60), add(ref, owner, at, 120)
    other = merchants.store(at=at, merchant=store.merchant, name="Second")
    review(store, at)
    twin = add(other.public_id, owner, at)
    for picture in (shared, gone):
        pictures.remove(picture_ref=picture, by=people.operator(), at=at)
    before = len(list(every()))
    assert pictures.collect(at=at + timedelta(days=6)).files == 0
    names = {
        one: {v.webp for v in queries.pictures([one])[one].variants} for one in (shared, gone, stays, twin)
    }

    for path in every():
        os.utime(path, (at.timestamp(), at.timestamp()))
    assert names[shared] == names[twin]
    taken = pictures.collect(at=later)
    left = {str(path.relative_to(media)) for path in every()}
    assert taken.files == before - len(left) == 6
    assert names[gone].isdisjoint(left)
    assert names[stays] | names[twin] <= left
    assert pictures.collect(at=later).files == 0
    assert contents.waiting()[0].state is RevisionState.WAITING
