"""How far an import came, so that one that was stopped goes on where it was.

All of these are called by who holds the lock of the region's imports, so no two write one row.
"""

from datetime import datetime

from hutong.town.merchants.models import ImportRun


def begin_run(*, region_id: int, source: str, digest: str, at: datetime) -> None:
    """From now on a new import of this source is under way; what the last one said is forgotten."""
    begun = {"digest": digest, "done": 0, "new": 0, "updated": 0, "here": 0, "begun_at": at, "ended_at": None}
    ImportRun.objects.update_or_create(region_id=region_id, source=source, defaults=begun)


def move_run(*, region_id: int, source: str, done: int, new: int, updated: int, here: int) -> None:
    """Say how many places are done by now, in the transaction that stored them."""
    run = ImportRun.objects.filter(region_id=region_id, source=source)
    run.update(done=done, new=new, updated=updated, here=here)


def end_run(*, region_id: int, source: str, at: datetime) -> None:
    """The import is over: there is nothing to go on with."""
    ImportRun.objects.filter(region_id=region_id, source=source, ended_at=None).update(ended_at=at)
