"""docs/howto/loop-by-api.md is run as it stands, against the real site with all its processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from hutong.flows import index_search
from tests.api.stage import owner_of
from tests.factories import people
from tests.factories.loop import scene
from tests.fakes.site import Site

HOWTO = Path(__file__).parent.parent.parent / "docs" / "howto" / "loop-by-api.md"
NEEDED = ("bash", "curl", "python3")


def script() -> str:
    """All shell blocks of the how-to, to be run as one script that stops at the first failure."""
    blocks = re.findall(
        r"^```bash\n(.*?)^```", HOWTO.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    assert len(blocks) >= 8, "the how-to lost its steps"
    return "set -euo pipefail\n" + "\n".join(blocks)


@pytest.mark.skipif(
    not all(shutil.which(tool) for tool in NEEDED), reason=f"the how-to needs {', '.join(NEEDED)}"
)
def test_the_howto_does_the_loop(site: Site, worker: None, at: datetime) -> None:
    shop = scene(at=at)
    index_search.index_offer(offer_ref=shop.offer.public_id, at=at)
    environment = {
        **os.environ,
        "SITE": site.url,
        "SHOPPER": people.phone_number(),
        "OWNER": str(owner_of(shop).phone),
        "no_proxy": "127.0.0.1",
    }
    ran = subprocess.run(
        ["bash", "-c", script()], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = ran.stdout.splitlines()
    for line in (
        "The order is paid.",
        "Uses left: 0.",
        "The same scan again is a replay: True.",
        "Refused: voucher_already_used.",
        "Visits: 1.",
    ):
        assert line in said, ran.stdout + ran.stderr
