"""From what somebody uploaded to files that are safe to show: nothing of the upload is kept but what it shows.

The header is read before anything is decoded, JPEGs are decoded at the size that is needed, and one picture at
a time is decoded in a process, so that memory stays bounded: about 300 MB for the largest PNG.
"""

import contextlib
import io
import struct
import threading
from collections.abc import Iterator

from PIL import Image, ImageCms

from hutong.town.pictures.rules import MAX_PIXELS, MAX_RATIO, MIN_SIDE, WIDTHS, height_at, widths_of
from hutong.town.pictures.services.errors import (
    DrawingRefused,
    PicturesBusy,
    PictureTooLarge,
    PictureTooSmall,
    PictureUnreadable,
)
from hutong.town.pictures.types import Rendered, RenderedSize

# What phones write as MPO, a JPEG with a second picture behind the first, opens as a JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
WEBP_QUALITY = 80
JPEG_QUALITY = 82
WAIT_S = 20
# Lines of the smaller picture that are made at a time.
STRIP = 64
# Exif's tag that says how the camera was held, and what makes the picture upright again.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = (5, 6, 7, 8)
# What Pillow raises for bytes that are not what they say; all of it means that the file is damaged.
_DAMAGED = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, struct.error)
_one_at_a_time = threading.Lock()
_SRGB = ImageCms.createProfile("sRGB")


def render(data: bytes) -> Rendered:
    """All sizes of a picture, upright, in sRGB, on white where it was see-through; of an animation the first frame.

    Raises `DrawingRefused`, `PictureUnreadable`, `PictureTooLarge`, `PictureTooSmall`, `PicturesBusy`.
    """
    if not _one_at_a_time.acquire(timeout=WAIT_S):
        raise PicturesBusy(retry_after_s=WAIT_S)
    try:
        with _opened(data) as image:
            upright = _upright(image)
        return _sizes(upright)
    except Image.DecompressionBombError as error:
        raise PictureTooLarge from error
    except _DAMAGED as error:
        raise PictureUnreadable from error
    finally:
        _one_at_a_time.release()


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture with its header read and found good; nothing of it is decoded yet."""
    if b"<svg" in data[:4096].lower():
        raise DrawingRefused
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLarge from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise PictureTooLarge
        if min(width, height) < MIN_SIDE or max(width, height) > MAX_RATIO * min(width, height):
            raise PictureTooSmall
        yield image


def _upright(image: Image.Image) -> Image.Image:
    """A new picture of plain RGB, turned as the camera was held, no wider than the widest size; no metadata."""
    profile = image.info.get("icc_profile")
    orientation = image.getexif().get(_ORIENTATION, 1)
    turned = orientation in _TURNED
    width, height = (image.height, image.width) if turned else image.size
    target = min(width, WIDTHS[-1])
    wanted = (target, height_at(target, of=(width, height)))
    size = (wanted[1], wanted[0]) if turned else wanted
    image.draft(None, size)
    plain = _reduced(image, size)
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.LANCZOS)
    plain = _in_srgb(plain, profile)
    if orientation in _UPRIGHT:
        plain = plain.transpose(_UPRIGHT[orientation])
    clean = Image.new("RGB", plain.size)
    clean.paste(plain)  # a copy of the pixels alone: nothing else of the upload comes along
    return clean


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in plain colours, made smaller by a whole step to no less than `size` where it is larger.

    Strip by strip: every change of a whole picture is a second copy of it, which of the largest is 200 MB.
    """
    step = min(image.width // size[0], image.height // size[1])
    if step < 2 and image.mode in ("RGB", "L", "CMYK"):
        return image
    strips = []
    for top in range(0, image.height, step * STRIP):
        strip = image.crop((0, top, image.width, min(top + step * STRIP, image.height)))
        strips.append(_on_white(_plain(strip)).reduce(step))
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    return whole


def _plain(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller: RGB, RGBA, L, or CMYK."""
    if image.mode in ("RGB", "RGBA", "L", "CMYK"):
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        # 16 bits a pixel: the upper eight are what a screen shows
        return image.convert("F").point(lambda value: value / 256).convert("L")
    return image.convert("RGBA")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as they were meant, in sRGB; a profile that cannot be used is left aside."""
    if profile:
        try:
            meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, meant, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            return image.convert("RGB")
        assert converted is not None, "only inPlace gives nothing back"
        return converted
    return image.convert("RGB")


def _sizes(image: Image.Image) -> Rendered:
    sizes: list[RenderedSize] = []
    scaled = image
    # From the widest down, each made of the one before: a quarter of the work, and as sharp.
    for width in reversed(widths_of(image.width)):
        height = height_at(width, of=image.size)
        if scaled.size != (width, height):
            scaled = scaled.resize((width, height), Image.Resampling.LANCZOS)
        sizes.append(RenderedSize(width, height, webp=_webp(scaled), jpeg=_jpeg(scaled)))
    sizes.reverse()
    return Rendered(image.width, image.height, _dominant(scaled), tuple(sizes))


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=WEBP_QUALITY, method=3)
    return buffer.getvalue()


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    return buffer.getvalue()


def _dominant(image: Image.Image) -> str:
    """The commonest of eight colours the picture is reduced to, as `#rrggbb`."""
    few = image.resize((64, 64)).quantize(8)
    counted = few.getcolors()
    palette = few.getpalette()
    assert counted, "a quantized picture is counted"
    assert palette, "and it has a palette"
    index = max(counted)[1]
    assert isinstance(index, int), "a palette is counted by index"
    return "#" + bytes(palette[index * 3 : index * 3 + 3]).hex()
