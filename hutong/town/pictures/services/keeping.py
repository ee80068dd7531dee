"""Writes of pictures: added, shown in an order, taken away; files that nobody needs are collected."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import IO

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.locking import advisory
from hutong.town.people.models import Person
from hutong.town.pictures import queries
from hutong.town.pictures.models import Picture
from hutong.town.pictures.rules import KEPT_FOR, MAX_UPLOAD_BYTES
from hutong.town.pictures.services import files
from hutong.town.pictures.services.errors import PictureTooHeavy
from hutong.town.pictures.services.rendering import render
from hutong.town.pictures.types import Collected, PictureState, PictureView, Rendered, Variant

# Writers of files and the collection take turns, so that nothing is collected that is just being wanted.
_FILES = ("pictures", "files")
# Files younger than this may belong to an upload that has not said so yet.
_SETTLED = timedelta(hours=1)


def add_picture(
    *, owner_ref: str, merchant_ref: str, stream: IO[bytes], by: Person, at: datetime
) -> PictureView:
    """Make an upload a picture of a store or an offer; nobody sees it until a version that names it is published.

    Reads at most 20 MB. Whether `by` may add to this owner, and how many it may have, is the caller's question.
    Raises `PictureTooHeavy` and what `rendering.render` raises.
    """
    data = stream.read(MAX_UPLOAD_BYTES + 1)
    if len(data) > MAX_UPLOAD_BYTES:
        raise PictureTooHeavy
    digest = hashlib.sha256(data).hexdigest()
    rendered = render(data)
    with transaction.atomic():
        advisory(*_FILES)
        variants = _kept(rendered)
        made = Picture.objects.create(
            owner_ref=owner_ref,
            merchant_ref=merchant_ref,
            digest=digest,
            width=rendered.width,
            height=rendered.height,
            colour=rendered.colour,
            variants=[asdict(variant) for variant in variants],
            bytes=sum(len(size.webp) + len(size.jpeg) for size in rendered.sizes),
            by=by,
            at=at,
            state_at=at,
        )
        audit.record(
            action="picture.added",
            subject=made.public_id,
            by=by.public_id,
            at=at,
            after={"owner": owner_ref, "digest": digest},
            merchant=merchant_ref,
        )
    return _view(made.public_id)


def show(*, owner_ref: str, refs: Sequence[str], alts: Mapping[str, Mapping[str, str]], at: datetime) -> None:
    """Let readers see exactly these pictures of an owner, in this order, with these words; others leave.

    Called for a published version, which was checked when it was proposed; refs that are not the owner's are
    left out. The audit log is written with the version.
    """
    with transaction.atomic():
        advisory("pictures.owner", owner_ref)
        found = {row.public_id: row for row in Picture.objects.filter(owner_ref=owner_ref)}
        wanted = [ref for ref in dict.fromkeys(refs) if ref in found]
        Picture.objects.filter(owner_ref=owner_ref, state=PictureState.SHOWN.value).exclude(
            public_id__in=wanted
        ).update(state=PictureState.REMOVED.value, position=None, state_at=at)
        for position, ref in enumerate(wanted):
            Picture.objects.filter(public_id=ref).update(
                state=PictureState.SHOWN.value,
                position=position,
                alts=dict(alts.get(ref, {})),
                state_at=at if found[ref].state != PictureState.SHOWN.value else found[ref].state_at,
            )


def remove(*, picture_ref: str, at: datetime) -> bool:
    """Take a picture away that is not shown; False when it is, or was away already."""
    waits = Picture.objects.filter(public_id=picture_ref, state=PictureState.WAITING.value)
    return bool(waits.update(state=PictureState.REMOVED.value, state_at=at))


def bring_back(*, picture_ref: str, at: datetime) -> bool:
    """Make a picture that was taken away wait again; False when its files may be gone already."""
    removed = Picture.objects.filter(
        public_id=picture_ref, state=PictureState.REMOVED.value, state_at__gt=at - KEPT_FOR
    )
    return bool(removed.update(state=PictureState.WAITING.value, state_at=at))


def collect(*, kept_refs: Collection[str], at: datetime) -> Collected:
    """Delete the files that no picture needs any more.

    Needed are those of pictures that are shown, named in `kept_refs` (what waits for a decision), or were
    shown, uploaded or taken away within `rules.KEPT_FOR`.
    """
    with transaction.atomic():
        advisory(*_FILES)
        needed: set[str] = set()
        for row in Picture.objects.all().iterator():
            young = row.state_at > at - KEPT_FOR
            if young or row.state == PictureState.SHOWN.value or row.public_id in kept_refs:
                needed.update(name for entry in row.variants for name in (entry["webp"], entry["jpeg"]))
        count = size = 0
        settled = (at - _SETTLED).timestamp()
        for path in files.every():
            status = path.stat()
            if str(path.relative_to(files.folder())) not in needed and status.st_mtime < settled:
                path.unlink()
                count, size = count + 1, size + status.st_size
    return Collected(files=count, bytes=size)


def _kept(rendered: Rendered) -> list[Variant]:
    return [
        Variant(
            width=size.width,
            height=size.height,
            webp=files.store(size.webp, "webp"),
            jpeg=files.store(size.jpeg, "jpg"),
        )
        for size in rendered.sizes
    ]


def _view(ref: str) -> PictureView:
    found = queries.picture(ref)
    assert found is not None, "it was written in this transaction"
    return found
