"""Opens a table: plain or packed, in whatever encoding, and refuses what is none before anything else is done."""

import codecs
import contextlib
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from hutong.flows.import_csv.errors import (
    EncodingUnclear,
    EncodingUnknown,
    TableDamaged,
    TableEmpty,
    TableMissing,
    TableNotText,
)

# No line of a table of places is longer; a file without lines is no table.
LINE_LIMIT = 1_000_000
# So many lines in a hundred may have broken characters before the encoding is taken for another one.
_BROKEN_PERCENT = 5
_GZIP = b"\x1f\x8b"
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_COMMON = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
# How encodings are called where people read it.
_SAID = {
    "utf-8-sig": "UTF-8",
    "gb18030": "GB18030 (GBK)",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A table that can be read to its end: its encoding, how many lines it has, and what names its content."""

    path: Path
    codec: str
    lines: int
    digest: str

    @property
    def encoding(self) -> str:
        """The encoding as people know it."""
        return _SAID.get(self.codec, self.codec)

    @contextlib.contextmanager
    def text(self) -> Iterator[IO[str]]:
        """The table as text; a byte that does not belong to its encoding is U+FFFD."""
        with _opened(self.path) as raw, io.TextIOWrapper(raw, self.codec, errors="replace") as text:
            yield text


def present(path: Path) -> None:
    """Raise `TableMissing` where there is no such file."""
    if not path.is_file():
        raise TableMissing(path=str(path))


def source_of(path: Path, *, encoding: str = "") -> Source:
    """Read the file to its end and find out how it is written; `encoding` is what somebody says it is.

    Raises `TableMissing`, `TableEmpty`, `TableNotText`, `TableDamaged`, `EncodingUnclear`, `EncodingUnknown`.
    """
    present(path)
    if encoding:
        encoding = _known(encoding)
    with _opened(path) as raw:
        start = raw.read(4096)
    if not start:
        raise TableEmpty(path=str(path))
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise TableNotText(path=str(path))
    wide = "" if encoding else _wide(start)
    codec = encoding or wide or _narrow(path)
    if b"\0" in start and not codec.startswith(("utf-16", "utf-32")):
        raise TableNotText(path=str(path))
    digest = hashlib.sha256()
    with _opened(path) as raw:
        while piece := raw.read(1 << 20):
            digest.update(piece)
    lines = 0
    with Source(path, codec, 0, "").text() as text:
        while line := text.readline(LINE_LIMIT):
            lines += 1
            if len(line) == LINE_LIMIT:
                raise TableNotText(path=str(path))
    return Source(path, codec, lines, digest.hexdigest())


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as plain:
        is_packed = plain.read(2) == _GZIP
        plain.seek(0)
        try:
            if is_packed:
                with gzip.GzipFile(fileobj=plain) as packed:
                    yield cast(BinaryIO, packed)
            else:
                yield plain
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TableDamaged(path=str(path), reason=str(error)[:200]) from error


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except LookupError as error:  # also what Python calls an encoding and is none of text
        raise EncodingUnknown(encoding=encoding) from error
    return {"utf-8": "utf-8-sig", "gbk": "gb18030", "gb2312": "gb18030"}.get(name, name)


def _wide(start: bytes) -> str:
    """UTF-16 by its mark, or by every other byte of Latin text being empty; "" for none."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if max(even, odd) * 4 > len(start) // 2 and min(even, odd) * 20 < max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return ""


def _narrow(path: Path) -> str:
    """UTF-8 or GB18030, whichever its lines are; a few broken ones do not make it another.

    Bytes of Latin-1 are often valid GB18030, but then hardly any of them are its common characters, which have
    two high bytes. Raises `EncodingUnclear`.
    """
    lines = bad_utf8 = bad_gb = pairs = common = 0
    with _opened(path) as raw:
        while line := raw.readline(LINE_LIMIT):
            lines += 1
            if line.isascii():
                continue
            bad_utf8 += not _is(line, "utf-8")
            bad_gb += not _is(line, "gb18030")
            found = _PAIR.findall(line)
            pairs += len(found)
            common += sum(1 for pair in found if _COMMON.fullmatch(pair))
    if bad_utf8 == 0:
        return "utf-8-sig"
    if common * 5 > pairs * 4 and bad_gb < bad_utf8 and bad_gb * 100 <= lines * _BROKEN_PERCENT:
        return "gb18030"
    if bad_utf8 * 100 <= lines * _BROKEN_PERCENT:
        return "utf-8-sig"
    raise EncodingUnclear(path=str(path))


def _is(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
