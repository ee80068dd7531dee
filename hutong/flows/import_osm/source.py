"""Opens an extract: finds out its format, and refuses what is none, before anything else is done."""

import contextlib
import gzip
import struct
import tempfile
import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import osmium

from hutong.flows.import_osm.errors import ExtractDamaged, ExtractEmpty, ExtractMissing, ExtractNotOsm
from hutong.flows.import_osm.shorten import shorten_pbf, shorten_xml


class Format(StrEnum):
    """A format that can be read, by osmium's name of it."""

    PBF = "pbf"
    XML = "osm"
    GZIP = "osm.gz"


# All that osmium, gzip and our own reader of PBF raise for content that is not what it should be.
_FAULTS = (
    osmium.InvalidLocationError, RuntimeError, ValueError, EOFError, OSError, IndexError, zlib.error, struct.error,
)  # fmt: skip


@contextlib.contextmanager
def whole(path: Path) -> Iterator[None]:
    """Turn what osmium and zlib say about broken content into `ExtractDamaged`."""
    try:
        yield
    except _FAULTS as error:
        raise ExtractDamaged(path=str(path), reason=str(error)[:200]) from error


def format_of(path: Path) -> Format:
    """The format by the file's first bytes; its name may be anything.

    Raises `ExtractMissing`, `ExtractEmpty`, `ExtractNotOsm`, `ExtractDamaged`.
    """
    if not path.is_file():
        raise ExtractMissing(path=str(path))
    with path.open("rb") as handle:
        start = handle.read(512)
    if not start:
        raise ExtractEmpty(path=str(path))
    if start.startswith(b"\x1f\x8b"):
        with whole(path), gzip.open(path) as packed:
            start = packed.read(512)
        if _is_xml(start):
            return Format.GZIP
    elif b"OSMHeader" in start[4:64]:
        return Format.PBF
    elif _is_xml(start):
        return Format.XML
    raise ExtractNotOsm(path=str(path))


@contextlib.contextmanager
def readable(path: Path) -> Iterator[tuple[osmium.io.File, int]]:
    """The extract as osmium reads it, proven to be readable to its end, and how many texts were cut for that.

    Osmium refuses a file in which any text is longer than 1,024 bytes. OpenStreetMap itself allows 255
    characters, so that is rare; then the file is copied with those texts cut.
    Raises what `format_of` raises, and `ExtractDamaged` when the file cannot be read to its end.
    """
    found = format_of(path)
    with whole(path):
        file = osmium.io.File(str(path), found.value)
        too_long = _has_too_long_text(file)
    if not too_long:
        yield file, 0
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "extract"
        with whole(path):
            cut = shorten_pbf(path, copy) if found is Format.PBF else shorten_xml(path, copy)
            file = osmium.io.File(str(copy), Format.PBF.value if found is Format.PBF else Format.XML.value)
            _read_to_the_end(file)
        yield file, cut


def _has_too_long_text(file: osmium.io.File) -> bool:
    try:
        _read_to_the_end(file)
    except (RuntimeError, ValueError) as error:
        # The message quotes the beginning of the text; where that is half a character, it is no message.
        said = error.object if isinstance(error, UnicodeDecodeError) else str(error).encode()
        if b"overlong string" in said or b"too long" in said:
            return True
        raise
    return False


def _read_to_the_end(file: osmium.io.File) -> None:
    nothing = osmium.filter.KeyFilter("no such key")
    for _object in osmium.FileProcessor(file).with_filter(nothing):
        raise AssertionError("the filter lets nothing through")


def _is_xml(start: bytes) -> bool:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"<osm") or (text.startswith(b"<?xml") and b"<osm" in text)
