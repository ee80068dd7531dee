"""Copies an extract with its overlong texts cut, so that osmium reads it.

In a PBF file all texts of a block stand in one string table; only that table is written anew, everything
else is copied as it is. The wire format is Protocol Buffers': https://wiki.openstreetmap.org/wiki/PBF_Format
"""

import gzip
import struct
import xml.sax
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

LIMIT_BYTES = 1_000

# Field numbers of the messages: BlobHeader, Blob, PrimitiveBlock, StringTable.
_HEADER_TYPE, _HEADER_SIZE = 1, 3
_BLOB_RAW, _BLOB_RAW_SIZE, _BLOB_ZLIB = 1, 2, 3
_BLOCK_STRINGS, _TABLE_STRING = 1, 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def shorten_pbf(source: Path, target: Path) -> int:
    """Copy a PBF file with texts of at most `LIMIT_BYTES`; how many were cut.

    Raises ValueError, IndexError, struct.error or zlib.error where the file is broken.
    """
    cut = 0
    with source.open("rb") as reader, target.open("wb") as writer:
        for kind, blob in _blobs(reader):
            if kind == b"OSMData":
                block, cut_here = _shorten_block(_content(blob))
                cut += cut_here
                packed = zlib.compress(block)
                blob = _number(_BLOB_RAW_SIZE, len(block)) + _text(_BLOB_ZLIB, packed)  # noqa: PLW2901
            header = _text(_HEADER_TYPE, kind) + _number(_HEADER_SIZE, len(blob))
            writer.write(struct.pack(">I", len(header)) + header + blob)
    return cut


def shorten_xml(source: Path, target: Path) -> int:
    """Copy an .osm or .osm.gz file, unpacked, with texts of at most `LIMIT_BYTES`; how many were cut.

    Raises ValueError or OSError where the file is broken.
    """
    with source.open("rb") as reader:
        packed = reader.read(2) == b"\x1f\x8b"
    with (
        gzip.open(source) if packed else source.open("rb") as stream,
        target.open("w", encoding="utf-8") as out,
    ):
        shortener = _XmlShortener(out)
        try:
            xml.sax.parse(stream, shortener)  # noqa: S317 - expat itself stops entities that grow
        except xml.sax.SAXException as error:
            raise ValueError(str(error)) from error
    return shortener.cut


class _XmlShortener(XMLGenerator):
    """Writes what it reads, with long attribute values cut."""

    def __init__(self, out: Any) -> None:
        super().__init__(out, encoding="utf-8")
        self.cut = 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the name is SAX's
        """One element; its attributes are written with at most `LIMIT_BYTES` each."""
        values = {key: value.encode() for key, value in attrs.items()}
        self.cut += sum(len(value) > LIMIT_BYTES for value in values.values())
        super().startElement(
            name, AttributesImpl({key: _cut(value).decode() for key, value in values.items()})
        )


def _shorten_block(block: bytes) -> tuple[bytes, int]:
    """A PrimitiveBlock with its string table cut, and how many strings that were."""
    parts, cut = [], 0
    for number, value, raw in _fields(block):
        if number != _BLOCK_STRINGS:
            parts.append(raw)
            continue
        strings = [string for _number_, string, _raw in _fields(_as_bytes(value))]
        cut += sum(len(_as_bytes(string)) > LIMIT_BYTES for string in strings)
        table = b"".join(_text(_TABLE_STRING, _cut(_as_bytes(string))) for string in strings)
        parts.append(_text(_BLOCK_STRINGS, table))
    return b"".join(parts), cut


def _cut(text: bytes) -> bytes:
    """At most `LIMIT_BYTES` of UTF-8, never half a character."""
    return text if len(text) <= LIMIT_BYTES else text[:LIMIT_BYTES].decode("utf-8", "ignore").encode()


def _blobs(reader: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The kind and content of each blob of a PBF file."""
    while length := reader.read(4):
        header = {
            number: value for number, value, _raw in _fields(_exactly(reader, struct.unpack(">I", length)[0]))
        }
        size = header.get(_HEADER_SIZE)
        if not isinstance(size, int):
            raise ValueError("a blob without its size")
        yield _as_bytes(header.get(_HEADER_TYPE, b"")), _exactly(reader, size)


def _exactly(reader: BinaryIO, size: int) -> bytes:
    data = reader.read(size)
    if len(data) != size:
        raise ValueError("unexpected end of file")
    return data


def _content(blob: bytes) -> bytes:
    fields = {number: value for number, value, _raw in _fields(blob)}
    if _BLOB_RAW in fields:
        return _as_bytes(fields[_BLOB_RAW])
    if _BLOB_ZLIB in fields:
        return zlib.decompress(_as_bytes(fields[_BLOB_ZLIB]))
    raise ValueError("a text is too long in a block that is not packed with zlib")


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """Each field of a message: its number, its value, and its bytes as they stand."""
    position = 0
    while position < len(message):
        begin = position
        key, position = _varint(message, position)
        number, wire = key >> 3, key & 7
        value: int | bytes
        if wire == _VARINT:
            value, position = _varint(message, position)
        elif wire in (_BYTES, _FIXED32, _FIXED64):
            length, position = (
                _varint(message, position) if wire == _BYTES else (4 if wire == _FIXED32 else 8, position)
            )
            value = message[position : position + length]
            position += length
        else:
            raise ValueError("an unknown field type")
        if position > len(message):
            raise ValueError("a field longer than its message")
        yield number, value, message[begin:position]


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _encoded(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _number(field: int, value: int) -> bytes:
    return _encoded(field << 3 | _VARINT) + _encoded(value)


def _text(field: int, value: bytes) -> bytes:
    return _encoded(field << 3 | _BYTES) + _encoded(len(value)) + value


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a text belongs")
    return value
