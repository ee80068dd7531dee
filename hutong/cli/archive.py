"""The file a backup is: a tar that any tool can read, in which nothing can be missing or changed unseen.

The first member says that it is one of ours and of which format; then come the contents; then the manifest with
the size and SHA-256 of each, and last the manifest's own SHA-256. Whatever is cut off, the end is missing. The
tar itself is not compressed: the database's dump is, and pictures and maps are by their nature.
"""

import contextlib
import errno
import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from hutong.kernel.errors import DomainError

FORMAT = 1
MARK = "hutong-backup"
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
CHUNK = 1 << 20

Progress = Callable[[str, int, int | None], None]


class BackupFailed(DomainError):
    """A backup could not be written; what was begun is removed."""

    code = "backup_failed"
    message = "There is no backup: %(why)s"


class NotABackup(DomainError):
    """A file that `hutong backup` never wrote."""

    code = "not_a_backup"
    message = "%(file)s is not a backup made by `hutong backup`. Nothing was changed."


class BackupDamaged(DomainError):
    """A backup that is cut off, or in which something is not as it was written."""

    code = "backup_damaged"
    message = (
        "%(file)s is damaged: %(why)s. Nothing was changed. Take another backup, or copy this one again."
    )


class BackupNewer(DomainError):
    """A backup that this version cannot read or understand."""

    code = "backup_newer"
    message = "%(file)s was made by a newer version of Hutong (%(what)s). Nothing was changed. Install that version first."


@dataclass(frozen=True, slots=True)
class Archive:
    """A verified archive: where it is, and its manifest."""

    path: Path
    manifest: dict[str, Any]

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """The contents of one member."""
        with tarfile.open(self.path, "r:") as tar:
            content = tar.extractfile(name)
            assert content is not None, "verified members are regular files"
            yield content

    def read(self, name: str) -> bytes:
        """All of a small member."""
        with self.open(name) as content:
            return content.read()

    def names(self) -> list[str]:
        """Every member that the manifest names."""
        return list(self.manifest["members"])


class Writer:
    """Writes an archive beside its final name and renames it there once all of it is on the disk.

    Used as a context: whatever is raised inside, nothing is left behind.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.members: dict[str, dict[str, Any]] = {}
        self._draft = target.with_name(f".{target.name}.part")

    def __enter__(self) -> "Writer":
        """Begin the file, readable for its owner alone: it holds the keys of the site."""
        with _as_sentence():
            self.target.parent.mkdir(parents=True, exist_ok=True)
            if self.target.exists():
                raise BackupFailed(why=f"{self.target} exists already; name another file, or a folder.")
            self._draft.unlink(missing_ok=True)
            self._file = os.fdopen(os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        self.add_bytes(MARK, f"hutong backup, format {FORMAT}\n".encode())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        """Leave nothing behind unless `finish` was reached."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    @contextlib.contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Write one member piece by piece, of a length that is known only at the end."""
        start = self._file.tell()
        info = tarfile.TarInfo(name)
        info.mode = 0o600
        with _as_sentence():
            self._file.write(info.tobuf(tarfile.GNU_FORMAT))
        digest = hashlib.sha256()

        def write(piece: bytes) -> None:
            with _as_sentence():
                self._file.write(piece)
            digest.update(piece)
            info.size += len(piece)

        yield write
        with _as_sentence():
            self._file.write(bytes(-info.size % tarfile.BLOCKSIZE))
            end = self._file.tell()
            self._file.seek(start)
            self._file.write(info.tobuf(tarfile.GNU_FORMAT))
            self._file.seek(end)
        self.members[name] = {"size": info.size, "sha256": digest.hexdigest()}

    def add_bytes(self, name: str, content: bytes) -> None:
        """A small member."""
        with self.member(name) as write:
            write(content)

    def add_file(self, name: str, path: Path) -> None:
        """A file as it is while it is read."""
        with path.open("rb") as source, self.member(name) as write:
            while piece := source.read(CHUNK):
                write(piece)

    def finish(self, facts: dict[str, Any]) -> None:
        """Seal it with the manifest and give it its name; from then on it is a backup."""
        self.members.pop(MARK)
        manifest = json.dumps({"format": FORMAT, **facts, "members": self.members}, indent=1).encode()
        self.add_bytes(MANIFEST, manifest)
        self.add_bytes(SEAL, hashlib.sha256(manifest).hexdigest().encode())
        with _as_sentence():
            self._file.write(bytes(2 * tarfile.BLOCKSIZE))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._draft.rename(self.target)
            folder = os.open(self.target.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)


def verify(path: Path, *, progress: Progress) -> Archive:
    """Read all of it and compare every member with the manifest.

    Raises `NotABackup`, `BackupDamaged`, `BackupNewer`. Only what this returns may be restored.
    """
    try:
        with path.open("rb") as probe:
            if not probe.read(len(MARK)).startswith(MARK.encode()):
                raise NotABackup(file=path)
        size = path.stat().st_size
        with tarfile.open(path, "r:", errorlevel=2) as tar:
            _require_known_format(path, tar)
            found: dict[str, dict[str, Any]] = {}
            small: dict[str, bytes] = {}
            for info in tar:
                found[info.name] = _read(path, tar, info, small, found)
                progress("Checking the backup", info.offset_data + info.size, size)
    except FileNotFoundError as error:
        raise NotABackup(file=path) from error
    except OSError as error:
        raise BackupDamaged(file=path, why=str(error.strerror or error)) from error
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise BackupDamaged(file=path, why="it is cut off, or parts of it were changed") from error
    return Archive(path, _manifest(path, found, small))


def _require_known_format(path: Path, tar: tarfile.TarFile) -> None:
    first = tar.next()
    content = tar.extractfile(first) if first and first.isreg() and first.size < 100 else None
    words = content.read().decode("ascii", "replace").split() if content else []
    if words[:3] != ["hutong", "backup,", "format"] or len(words) != 4 or not words[3].isdigit():
        raise BackupDamaged(file=path, why="its first line is not as it was written")
    if int(words[3]) > FORMAT:
        raise BackupNewer(file=path, what=f"format {words[3]}, this version reads {FORMAT}")


def _read(
    path: Path, tar: tarfile.TarFile, info: tarfile.TarInfo, small: dict[str, bytes], found: dict[str, Any]
) -> dict[str, Any]:
    safe = not PurePosixPath(info.name).is_absolute() and ".." not in PurePosixPath(info.name).parts
    if not info.isreg() or not safe or info.name in found:
        raise BackupDamaged(file=path, why=f"it holds {info.name!r}, which no backup does")
    content = tar.extractfile(info)
    assert content is not None, "a regular file has contents"
    if info.name in (MANIFEST, SEAL):
        small[info.name] = content.read()
        return {}
    digest = hashlib.sha256()
    size = 0
    while piece := content.read(CHUNK):
        digest.update(piece)
        size += len(piece)
    return {"size": size, "sha256": digest.hexdigest()}


def _manifest(path: Path, found: dict[str, dict[str, Any]], small: dict[str, bytes]) -> dict[str, Any]:
    if set(small) != {MANIFEST, SEAL}:
        raise BackupDamaged(file=path, why="it is cut off: its end is missing")
    if hashlib.sha256(small[MANIFEST]).hexdigest().encode() != small[SEAL]:
        raise BackupDamaged(file=path, why="its list of contents was changed")
    manifest: dict[str, Any] = json.loads(small[MANIFEST])
    for name in (MARK, MANIFEST, SEAL):
        found.pop(name)
    expected = manifest["members"]
    for name in sorted(set(found) | set(expected)):
        if name not in found:
            raise BackupDamaged(file=path, why=f"{name} is missing")
        if found[name] != expected.get(name):
            raise BackupDamaged(file=path, why=f"{name} is not as it was written")
    return manifest


@contextlib.contextmanager
def _as_sentence() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        why = "the disk is full, or the file may not be that large. Make room, or name another folder with --to."
        raise BackupFailed(why=why if full else f"{error.strerror}: {error.filename}") from error
