"""Uploads for tests: pictures as cameras and bad people make them; and pictures added in the site's way."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from PIL import Image

from hutong.town.people.models import Person
from hutong.town.pictures import services
from hutong.town.pictures.types import PictureView
from tests.factories import people

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)
RED, BLUE = (200, 40, 30), (30, 60, 200)


def image(width: int = 800, height: int = 600, colour: tuple[int, int, int] = RED) -> Image.Image:
    """A picture, three quarters `colour` on the left and blue on the right, so that a turn shows."""
    made = Image.new("RGB", (width, height), colour)
    made.paste(BLUE, (width * 3 // 4, 0, width, height))
    return made


def upload(made: Image.Image | None = None, kind: str = "JPEG", **options: object) -> bytes:
    """The bytes of a file somebody uploads."""
    buffer = io.BytesIO()
    (made or image()).save(buffer, kind, **options)
    return buffer.getvalue()


def picture(
    *,
    owner_ref: str,
    merchant_ref: str = "mer_a",
    data: bytes | None = None,
    by: Person | None = None,
    at: datetime = NOON,
) -> PictureView:
    """A picture of an owner that waits for a version to name it."""
    return services.add_picture(
        owner_ref=owner_ref,
        merchant_ref=merchant_ref,
        stream=io.BytesIO(data or upload()),
        by=by or people.person(),
        at=at,
    )
