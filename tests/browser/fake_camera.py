"""A camera for headless Chromium: a QR code held a little askew before a grey wall, as a Motion-JPEG file."""

import io
from pathlib import Path

import segno
from PIL import Image, ImageFilter

SIZE = (640, 480)


def film(path: Path, text: str, frames: int = 6, blur: float = 0.6) -> Path:
    """Write a short film of the QR code of `text`, readable unless `blur` (in pixels) is large; for
    `--use-file-for-fake-video-capture`."""
    with path.open("wb") as out:
        for number in range(frames):
            _frame(text, 5 + number % 3, blur).save(out, "JPEG", quality=88)
    return path


def _frame(text: str, tilt_degrees: float, blur: float) -> Image.Image:
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=10, border=4)
    wall = (120, 114, 106)
    code = (
        Image.open(drawn)
        .convert("RGB")
        .rotate(tilt_degrees, expand=True, fillcolor=wall, resample=Image.Resampling.BICUBIC)
    )
    code.thumbnail((int(SIZE[1] * 0.85), int(SIZE[1] * 0.85)))
    picture = Image.new("RGB", SIZE, wall)
    picture.paste(code, ((SIZE[0] - code.width) // 2, (SIZE[1] - code.height) // 2))
    return picture.filter(ImageFilter.GaussianBlur(blur))
