"""Reads of pictures."""

from collections.abc import Iterable

from hutong.town.pictures.models import Picture
from hutong.town.pictures.types import Cover, PictureState, PictureView, Variant


def shown(owner_ref: str) -> list[PictureView]:
    """The pictures readers see of a store or an offer, the cover first; one statement."""
    found = Picture.objects.filter(owner_ref=owner_ref, state=PictureState.SHOWN.value)
    return [_view(picture) for picture in found.order_by("position")]


def shown_of(owner_refs: Iterable[str]) -> dict[str, list[PictureView]]:
    """As `shown`, for several owners at once; those without a picture are not in it. One statement."""
    found: dict[str, list[PictureView]] = {}
    pictures = Picture.objects.filter(owner_ref__in=list(owner_refs), state=PictureState.SHOWN.value)
    for picture in pictures.order_by("owner_ref", "position"):
        found.setdefault(picture.owner_ref, []).append(_view(picture))
    return found


def covers(owner_refs: Iterable[str]) -> dict[str, Cover]:
    """The covers of those that have one, by owner; one statement."""
    found = Picture.objects.filter(owner_ref__in=list(owner_refs), state=PictureState.SHOWN.value, position=0)
    return {picture.owner_ref: _view(picture) for picture in found}


def pictures(refs: Iterable[str]) -> dict[str, PictureView]:
    """The pictures of these public ids in whatever state, by ref; one statement."""
    return {view.ref: view for view in map(_view, Picture.objects.filter(public_id__in=list(refs)))}


def picture(ref: str) -> PictureView | None:
    """The picture of this public id in whatever state, or None."""
    return pictures([ref]).get(ref)


def _view(row: Picture) -> PictureView:
    return PictureView(
        ref=row.public_id,
        owner_ref=row.owner_ref,
        merchant_ref=row.merchant_ref,
        state=PictureState(row.state),
        position=row.position,
        width=row.width,
        height=row.height,
        at=row.at,
        alts=row.alts,
        colour=row.colour,
        variants=tuple(Variant(**entry) for entry in row.variants),
    )
