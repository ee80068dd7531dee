"""Builds browser assets and translations while the package is built, so that installing it is a whole set-up."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class HutongBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs for wheels and editable installs alike; a source archive without frontend/ has its assets inside."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Makes hutong/static/dist and the .mo files, when their inputs changed."""
        root = Path(self.root)
        if not (root / "package.json").exists():
            return
        sys.path.insert(0, str(root / "tools"))
        # found only through the line above
        import assets
        import messages

        messages.compile_catalogues(root)
        assets.build(root)
