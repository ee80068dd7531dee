"""Backup, destroy, restore: every row, the books, the pictures and the keys are there again."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hutong.cli import archive, restore, site_lock
from hutong.cli.backup import _rotate
from hutong.config import settings_file
from hutong.kernel import database, dumps
from tests.cli import saved_site
from tests.cli.saved_site import SavedSite

THEIRS, OTHER = "postgresql://hutong@old/hutong", "postgresql://hutong@new/hutong"

pytestmark = pytest.mark.xdist_group("backup")


def quiet(_stage: str, _done: int, _total: int | None) -> None:
    """Nobody watches the progress here."""


@pytest.fixture(scope="module")
def saved(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SavedSite, Path]]:
    """A site and a backup of it. Tests leave both as they are, or as good."""
    folder = tmp_path_factory.mktemp("saved")
    site = saved_site.make(folder / "home", f"saved_{os.getpid()}")
    try:
        done = site.run("backup", "--to", str(folder / "backup.tar"))
        assert done.returncode == 0, done.stdout + done.stderr
        yield site, folder / "backup.tar"
    finally:
        database.drop_database(site.settings)


def rows_of(site: SavedSite) -> dict[str, int]:
    with psycopg.connect(database.url_of(site.settings)) as looking:
        return dumps.row_counts(looking)


def databases(site: SavedSite) -> set[str]:
    """The site's database and whatever a restore made beside it."""
    with psycopg.connect(database.url_of({**site.settings, "NAME": "postgres"})) as looking:
        return {
            str(row[0])
            for row in looking.execute("SELECT datname FROM pg_database")
            if site.database in row[0]
        }


def said(done: object) -> str:
    return str(getattr(done, "stdout", "")) + str(getattr(done, "stderr", ""))


def test_backup_destroy_restore(saved: tuple[SavedSite, Path], tmp_path: Path) -> None:
    site, backup = saved
    before = rows_of(site)
    assert before["orders_order"] == site.facts["orders"] == 3
    database.drop_database(site.settings)
    shutil.rmtree(site.home)

    done = site.run("restore", str(backup), "--yes")

    assert done.returncode == 0, said(done)
    assert rows_of(site) == before
    assert "vouchers: uses left + live redemptions + refunds = uses sold" in done.stdout
    assert (site.home / site.facts["picture"]).read_bytes() == b"a picture" * 1000
    assert (site.home / "secret-key").stat().st_mode & 0o777 == 0o600
    assert databases(site) == {site.database}
    assert sorted(path.name for path in site.home.glob("*secret*")) == ["secret-key"]
    checked = site.run("books", "check")
    # The sandbox is not running here, which the check of a running site would say; everything else holds.
    assert checked.stdout.count("✗") == 1, said(checked)
    assert "sandbox does not answer" in checked.stdout
    # The code is found by its hash under the secret key, so this is also the proof that the key is the same.
    redeemed = saved_site.run(
        [sys.executable, "-m", "tests.cli.redeem_code", site.facts["device"], site.facts["code"]],
        saved_site.environment_of(site.home, site.database),
    )
    assert redeemed.returncode == 0, said(redeemed)
    assert redeemed.stdout.startswith("red_")


def test_a_backup_is_for_its_owner_alone_and_names_what_is_in_it(saved: tuple[SavedSite, Path]) -> None:
    _site, backup = saved
    assert backup.stat().st_mode & 0o777 == 0o600
    found = archive.verify(backup, progress=quiet)
    assert {"database.dump", "secret-key", "media/ab/abcdef.webp"} <= set(found.names())
    assert found.manifest["rows"]["orders_order"] == 3
    assert "orders.0001_initial" in found.manifest["migrations"]


def test_data_is_replaced_only_when_asked_and_never_half(saved: tuple[SavedSite, Path]) -> None:
    site, backup = saved
    before = rows_of(site)
    refused = site.run("restore", str(backup), "--yes")
    assert refused.returncode == 1
    assert "holds data" in refused.stdout
    assert "--replace" in refused.stdout
    assert rows_of(site) == before
    with psycopg.connect(database.url_of(site.settings), autocommit=True) as writing:
        writing.execute("CREATE TABLE of_another_time (id int)")
    (site.home / "media" / "stray.webp").write_bytes(b"not in the backup")
    replaced = site.run("restore", str(backup), "--yes", "--replace")
    assert replaced.returncode == 0, said(replaced)
    assert "of_another_time" not in rows_of(site)
    assert not (site.home / "media" / "stray.webp").exists()
    assert databases(site) == {site.database}
    assert not list(site.home.glob("*before*"))


def test_a_running_site_is_not_touched(saved: tuple[SavedSite, Path]) -> None:
    site, backup = saved
    before = rows_of(site)
    lock = site_lock.share(site.home)
    refused = site.run("restore", str(backup), "--yes", "--replace")
    os.close(lock)
    assert refused.returncode == 1
    assert "is running. Stop it first" in refused.stdout
    # A part on another machine holds no lock here, but a connection.
    with psycopg.connect(database.url_of(site.settings)) as part:
        part.execute("SELECT 1")
        refused = site.run("restore", str(backup), "--yes", "--replace")
    assert refused.returncode == 1
    assert "1 connections to the database" in refused.stdout
    assert rows_of(site) == before
    assert databases(site) == {site.database}


def test_another_secret_key_is_kept_aside(saved: tuple[SavedSite, Path], tmp_path: Path) -> None:
    site, backup = saved
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret-key").write_text("the secret of another site, long enough to be one")
    (home / "hutong.env").write_text(
        "HUTONG_SITE_NAME=Elsewhere\nHUTONG_SECRET_KEY=one-more-secret-of-at-least-32-letters\n"
    )
    done = site.run("restore", str(backup), "--yes", "--replace", "--into-home", str(home))
    assert done.returncode == 0, said(done)
    saved_key = (site.home / "secret-key").read_text()
    assert (home / "secret-key").read_text() == saved_key
    assert "Another secret key was here; it is kept as" in done.stdout
    (aside,) = home.glob("secret-key.before-*")
    assert aside.read_text().startswith("the secret of another site")
    assert f"HUTONG_SECRET_KEY={saved_key}" in (home / "hutong.env").read_text()
    assert "HUTONG_SITE_NAME=Elsewhere" in (home / "hutong.env").read_text()


@pytest.mark.parametrize(("told", "written"), [("", "embedded"), (OTHER, OTHER), (THEIRS, THEIRS)])
def test_a_restored_site_never_goes_to_the_database_it_was_saved_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, written: str
) -> None:
    """The settings of the backup name its database; a drill beside the site is told another one."""
    theirs = tmp_path / "saved" / "hutong.env"
    settings_file.write(theirs, {"DATABASE_URL": THEIRS, "HUTONG_SITE_NAME": "Old Town"}, replace=False)
    monkeypatch.setenv("DATABASE_URL", told)
    monkeypatch.setenv("HUTONG_SECRET_KEY", "")
    outcome = restore.Outcome(rows=1, tables=1, migrated=0, checked=())
    restore._restore_settings(tmp_path / "hutong.env", theirs, "the secret", "now", outcome)
    assert settings_file.read(tmp_path / "hutong.env") == {
        "DATABASE_URL": written,
        "HUTONG_SITE_NAME": "Old Town",
    }
    assert bool(outcome.notes) == (told != THEIRS)


def test_another_secret_in_the_environment_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUTONG_SECRET_KEY", "a secret of the environment, which goes before every file")
    outcome = restore.Outcome(rows=1, tables=1, migrated=0, checked=())
    restore._restore_settings(tmp_path / "hutong.env", tmp_path / "none", "the secret", "now", outcome)
    assert "HUTONG_SECRET_KEY in the environment is another secret" in outcome.problems[0]


@pytest.mark.parametrize("part", [0.0, 0.0005, 0.2, 0.5, 0.9, 0.99, 0.9999])
def test_a_backup_that_is_cut_off_is_refused(
    saved: tuple[SavedSite, Path], tmp_path: Path, part: float
) -> None:
    _site, backup = saved
    whole = backup.read_bytes()
    # The two empty blocks at the end of every tar say nothing; without them it is still whole.
    sealed = len(whole) - 2 * tarfile.BLOCKSIZE - tarfile.BLOCKSIZE
    (tmp_path / "cut.tar").write_bytes(whole[: int(sealed * part)])
    with pytest.raises((archive.BackupDamaged, archive.NotABackup)):
        archive.verify(tmp_path / "cut.tar", progress=quiet)


def test_a_byte_that_changed_anywhere_is_found(saved: tuple[SavedSite, Path], tmp_path: Path) -> None:
    _site, backup = saved
    whole = bytearray(backup.read_bytes())
    with tarfile.open(backup) as tar:
        places = [
            place
            for info in tar
            for place in (info.offset + 110, info.offset_data, info.offset_data + info.size - 1)
        ]
    changed = tmp_path / "changed.tar"
    for place in places:
        whole[place] ^= 0x41
        changed.write_bytes(whole)
        with pytest.raises((archive.BackupDamaged, archive.NotABackup)):
            archive.verify(changed, progress=quiet)
        whole[place] ^= 0x41
    changed.write_bytes(whole)
    archive.verify(changed, progress=quiet)


def test_a_damaged_backup_is_a_sentence_and_touches_nothing(
    saved: tuple[SavedSite, Path], tmp_path: Path
) -> None:
    site, backup = saved
    before = rows_of(site)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(backup.read_bytes()[:-4000])
    refused = site.run("restore", str(cut), "--yes", "--replace")
    assert refused.returncode == 1
    assert "is damaged" in refused.stdout
    assert "Nothing was changed" in refused.stdout
    assert "Traceback" not in said(refused)
    assert rows_of(site) == before


def test_files_that_are_no_backups(tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.add(__file__, "hello.py")
    with pytest.raises(archive.NotABackup):
        archive.verify(other, progress=quiet)
    with pytest.raises(archive.NotABackup):
        archive.verify(tmp_path / "missing.tar", progress=quiet)
    (tmp_path / "text").write_text("hutong-backup, but no tar at all" * 100)
    with pytest.raises(archive.BackupDamaged):
        archive.verify(tmp_path / "text", progress=quiet)


def rewritten(backup: Path, target: Path, **facts: object) -> Path:
    """The same backup as another version would have written it."""
    found = archive.verify(backup, progress=quiet)
    with archive.Writer(target) as writer:
        for name in found.names():
            with found.open(name) as content:
                writer.add_bytes(name, content.read())
        manifest = {key: value for key, value in found.manifest.items() if key not in ("format", "members")}
        writer.finish({**manifest, **facts})
    return target


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"hutong": "99.0.0"}, "99.0.0, and this is"),
        ({"migrations": ["orders.0001_initial", "orders.9999_of_the_future"]}, "orders.9999_of_the_future"),
    ],
)
def test_a_backup_of_a_newer_version_is_refused(
    saved: tuple[SavedSite, Path], tmp_path: Path, facts: dict[str, object], why: str
) -> None:
    _site, backup = saved
    newer = archive.verify(rewritten(backup, tmp_path / "newer.tar", **facts), progress=quiet)
    with pytest.raises(archive.BackupNewer) as refused:
        restore.require_known(newer)
    assert why in str(refused.value)
    assert "Nothing was changed" in str(refused.value)


def test_a_newer_format_is_refused(
    saved: tuple[SavedSite, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _site, backup = saved
    monkeypatch.setattr(archive, "FORMAT", 2)
    newer = rewritten(backup, tmp_path / "newer.tar")
    monkeypatch.setattr(archive, "FORMAT", 1)
    with pytest.raises(archive.BackupNewer, match="format 2, this version reads 1"):
        archive.verify(newer, progress=quiet)


def test_rows_that_are_missing_after_the_restore_leave_the_old_data(
    saved: tuple[SavedSite, Path], tmp_path: Path
) -> None:
    site, backup = saved
    before = rows_of(site)
    rows = {**archive.verify(backup, progress=quiet).manifest["rows"], "orders_order": 4}
    lying = rewritten(backup, tmp_path / "lying.tar", rows=rows)
    refused = site.run("restore", str(lying), "--yes", "--replace")
    assert refused.returncode == 1
    assert "orders_order had 4 rows and has 3" in refused.stdout
    assert rows_of(site) == before
    assert databases(site) == {site.database}
    assert not (site.home / ".restoring").exists()


def test_a_full_disk_leaves_no_half_backup(saved: tuple[SavedSite, Path], tmp_path: Path) -> None:
    site, _backup = saved
    folder = tmp_path / "small"
    folder.mkdir()

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    refused = site.run("backup", "--to", str(folder), preexec_fn=small)
    assert refused.returncode == 1
    assert "There is no backup: the disk is full" in refused.stdout, said(refused)
    assert list(folder.iterdir()) == []


def test_backups_are_rotated_and_nothing_else(tmp_path: Path) -> None:
    ours = [tmp_path / f"hutong-2026010{day}-030000.tar" for day in range(1, 6)]
    others = [tmp_path / "hutong-mine.tar", tmp_path / "notes.txt"]
    for path in (*ours, *others):
        path.write_text("x")
    assert _rotate(tmp_path, 2) == ours[:3]
    assert sorted(tmp_path.iterdir()) == sorted([*ours[3:], *others])
