"""Files below `media/`: each named after the SHA-256 of its bytes, written whole or not at all, never changed."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

# `ab/cdef....webp`: the first two digits are the folder, so that none grows too large.
NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}\.(?:webp|jpg)")


def folder() -> Path:
    """Where the files are; a front server may serve this folder itself as /media/."""
    return Path(settings.MEDIA_ROOT)


def store(content: bytes, suffix: str) -> str:
    """Keep the bytes and give their name; the same bytes are kept once.

    A file that is there already is only marked as wanted today, so that no collection takes it meanwhile.
    """
    digest = hashlib.sha256(content).hexdigest()
    name = f"{digest[:2]}/{digest[2:]}.{suffix}"
    path = folder() / name
    if path.is_file():
        os.utime(path)
        return name
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, half = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(half).chmod(0o644)
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
    return name


def every() -> Iterator[Path]:
    """All files that are there, also what a writer that died left half done."""
    if folder().is_dir():
        for path in sorted(folder().glob("[0-9a-f][0-9a-f]/*")):
            if path.is_file():
                yield path
