"""Take the pictures that were asked for: those whose names begin with a word of `--only`, or all of them.

With all of them, pictures of pages that are not listed any more are deleted.

The demo has to be the one of HUTONG_HOME: what the pages show is made in its database by the site's own flows.
Pictures have 256 colours, to keep the folder small.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.fake_camera import film

if TYPE_CHECKING:
    from tools.pictures.pages import Shot, Variant
    from tools.pictures.town import Town

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream"]
ARGUMENTS += ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--hide-scrollbars"]
ARGUMENTS += ["--disable-gpu-compositing", "--disable-gpu-rasterization"]  # only the map needs the graphics
# Playwright waits for answers; the rest of a page is there when its letters are, its charts and its map.
LOADED = """() => document.fonts.status === "loaded"
    && [...document.querySelectorAll("hutong-chart, hutong-map")].every((each) => each.hasAttribute("ready"))
    && [...document.images].every((each) => each.complete || each.loading === "lazy")
    && document.getAnimations().every((each) => each.playState !== "running"
        || each.effect.getTiming().iterations === Infinity)"""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    asked = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    asked.add_argument("--url", default="http://127.0.0.1:8000")
    asked.add_argument(
        "--only", default="", help="names that begin so, separated by commas; with a = only exactly so"
    )
    asked.add_argument(
        "--variants", choices=("listed", "every", "two"), default="listed", help="instead of those listed"
    )
    asked.add_argument("--folder", type=Path, default=FOLDER)
    asked.add_argument(
        "--whole", action="store_true", help="whole pages, not only what is seen without scrolling"
    )
    return asked.parse_args()


def django() -> None:
    """Make the demo's database ready to be asked, beside Playwright, which keeps an event loop in this thread."""
    os.environ.setdefault("HUTONG_MODE", "demo")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    from hutong.cli import setup  # it reads the environment

    setup.django(wait_for_database=True)


def main() -> None:
    """Take the pictures, one browser after another by who looks, how wide, in which language and colours."""
    options = arguments()
    django()
    from tools.pictures import pages  # models need Django
    from tools.pictures.town import Town

    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = [shot for shot in pages.shots() if chosen(shot.name, options.only)]
    instead = {"listed": None, "every": pages.EVERY, "two": pages.OFFICE}[options.variants]
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        # a voucher is held before the camera, and not in focus yet
        seen = film(Path(folder) / "camera.mjpeg", "A voucher", blur=9)
        camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*ARGUMENTS, *camera])
        town = Town(browser, options.url)
        paths = {shot.name: shot.path(town) for shot in wanted}
        for variant in pages.EVERY:
            for who in dict.fromkeys(shot.who for shot in wanted):
                mine = [each for each in wanted if each.who == who and variant in (instead or each.variants)]
                for shot, page in opened(town, who, variant, mine, paths):
                    name = f"{shot.name}-{'-'.join(variant)}.png"
                    save(page, options.folder / name, whole=options.whole)
                    print(name, flush=True)
        browser.close()
    if not options.only:
        prune(options.folder, pages.shots())


def chosen(name: str, only: str) -> bool:
    """Whether a name was asked for."""
    words = [word for word in only.split(",") if word]
    return not words or any(name == word[1:] if word[0] == "=" else name.startswith(word) for word in words)


def opened(
    town: Town, who: str, variant: Variant, shots: list[Shot], paths: dict[str, str]
) -> Iterator[tuple[Shot, Page]]:
    """Each page, ready for its picture."""
    from tools.pictures import visits
    from tools.pictures.pages import LANGUAGES, SIZES

    if not shots:
        return
    size, language, scheme = variant
    width, height = SIZES[size]
    viewport = {"width": width, "height": height}
    options = {"viewport": viewport, "locale": LANGUAGES[language], "color_scheme": scheme}
    context = town.enter(who, permissions=["camera"], timezone_id="Europe/Helsinki", **options)
    page = context.new_page()
    for shot in shots:
        if shot.code:
            visits.scan(page, town.codes[shot.code])
        else:
            page.goto(paths[shot.name])
        page.wait_for_function(LOADED)
        if shot.name == "merchant-scan":
            page.wait_for_selector("video")
        yield shot, page
        if shot.code:
            visits.undo_scan(page)
    context.close()


def save(page: Page, path: Path, *, whole: bool) -> None:
    """A picture in 256 colours."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


def prune(folder: Path, shots: list[Shot]) -> None:
    """Delete the pictures of pages and variants that are not listed any more."""
    known = {f"{shot.name}-{'-'.join(variant)}.png" for shot in shots for variant in shot.variants}
    for path in folder.glob("*.png"):
        if path.name not in known:
            path.unlink()


if __name__ == "__main__":
    main()
