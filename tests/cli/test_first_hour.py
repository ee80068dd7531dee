"""An operator's first hour, as docs/start/operator.md tells it: every command of the page is run, in its order.

Where a browser is installed, `tests/browser/test_first_day_operator.py` runs the same commands and spends the first
day at the site they made; here a client that only reads pages looks at it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import pytest

from tests.fakes.first_hour import (
    OPERATOR,
    PAGE,
    Tray,
    an_empty_folder,
    blocks,
    extract_of_a_town,
    run_page,
)


def test_every_command_of_the_page_is_among_those_that_run() -> None:
    """What is not run may not look like a command, and every command of the house on the page exists."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(blocks()) == 8
    assert text.count("```") == 2 * len(blocks()), "no other fences than those that run"
    assert sum("hutong up" in block for block in blocks()) == 1


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("chromium") is not None, reason="the browser's first day runs the same commands"
)
def test_the_first_hour(data_folder: Path) -> None:
    with an_empty_folder(extract_of_a_town(data_folder)) as shell:
        run_page(shell, look=look_around)


def look_around(url: str) -> None:
    """The operator signs in with the code of the tray and is let into the office; shoppers see the town."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False) as browser:
        home = browser.get("/")
        assert "Our town" in home.text
        assert home.status_code == 200
        asked = browser.post(
            "/sign-in/", data={"phone": OPERATOR, "csrfmiddlewaretoken": token(home, browser)}
        )
        code = Tray(url).code(OPERATOR)
        signed = browser.post(asked.url, data={"code": code, "csrfmiddlewaretoken": token(asked, browser)})
        assert signed.status_code == 200
        assert browser.get("/operator/").status_code == 200
        assert browser.get("/basemaps/our-town.pmtiles", headers={"Range": "bytes=0-6"}).content == b"PMTiles"


def token(page: httpx.Response, browser: httpx.Client) -> str:
    """The page's token against forged forms."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/sign-in/").text)
    assert found, page.text
    return found[1]
