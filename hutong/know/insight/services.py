"""Counting without a statement: counts gather in memory and are written together."""

from collections.abc import Mapping
from datetime import date

from hutong.kernel import counting
from hutong.kernel.counting import AT_MOST, MOST_KINDS
from hutong.kernel.rows import execute
from hutong.know.insight.types import Step

__all__ = ["AT_MOST", "MOST_KINDS", "Recorder", "add", "flush", "start", "waiting"]

# In the order of their keys, so that two processes that write at once wait for each other and never in a circle.
_ADD = """
INSERT INTO insight_stepcount (region_id, day, offer_ref, step, number)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], %s::bigint[])
    AS added (region_id, day, offer_ref, step, number)
ORDER BY region_id, day, offer_ref, step
ON CONFLICT (region_id, day, offer_ref, step)
DO UPDATE SET number = insight_stepcount.number + EXCLUDED.number
"""
_Key = tuple[int, date, str, str]


class Recorder(counting.Recorder[_Key]):
    """The steps of one process that are not written yet."""

    def __init__(self) -> None:
        super().__init__(name="insight", write=_write)

    def add(self, *, region_id: int, day: date, offer_ref: str, step: Step) -> None:
        """Count one step; costs no statement."""
        self.count((region_id, day, offer_ref, step.value))


def _write(counts: Mapping[_Key, int]) -> int:
    regions, days, offers, steps = (list(column) for column in zip(*counts, strict=True))
    return execute(_ADD, [regions, days, offers, steps, list(counts.values())])


_recorder = Recorder()
add = _recorder.add
flush = _recorder.flush
start = _recorder.start
waiting = _recorder.waiting
