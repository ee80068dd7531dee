"""A camera for headless Chromium: a QR code held a little askew before a grey wall, as a Motion-JPEG file."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import segno
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Playwright

from tests.browser.conftest import ARGUMENTS, SHELL

SIZE = (640, 480)


def film(path: Path, text: str, frames: int = 6, blur: float = 0.6) -> Path:
    """Write a short film of the QR code of `text`, readable unless `blur` (in pixels) is large; for
    `--use-file-for-fake-video-capture`."""
    with path.open("wb") as out:
        for number in range(frames):
            _frame(text, 5 + number % 3, blur).save(out, "JPEG", quality=88)
    return path


@contextmanager
def camera_before(text: str, playwright: Playwright, folder: Path) -> Iterator[Browser]:
    """A browser whose camera looks at the QR code of `text`."""
    filmed = f"--use-file-for-fake-video-capture={film(folder / 'qr.mjpeg', text)}"
    camera = playwright.chromium.launch(executable_path=SHELL, args=[*ARGUMENTS, filmed])
    try:
        yield camera
    finally:
        camera.close()


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
