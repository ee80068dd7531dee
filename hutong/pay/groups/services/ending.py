"""Groups whose deadline is over become full or failed, once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hutong.kernel import rows
from hutong.pay.groups import queries, rules
from hutong.pay.groups.types import Ended

# While somebody's payment is being called off the group waits, but not for long. The lock holds what was read until it
# is written: whoever pays at the same moment is counted, or finds that the group has ended.
_LOCK = """
SELECT id, paid, size, fill FROM groups_group
WHERE public_id = %(ref)s AND state = 'open' AND deadline <= %(at)s
  AND (taken = paid OR deadline <= %(long_ago)s) FOR NO KEY UPDATE
"""
_END = """
UPDATE groups_group SET state = %(state)s, filled = %(filled)s::int4, ended_at = %(at)s
WHERE id = %(id)s::int8
"""


def end(*, group_ref: str, at: datetime) -> Ended | None:
    """End a group whose deadline is over at `at`: full, also with as few missing as its terms allow, or failed.

    None when it has ended before, has time left, or waits for a payment that is being called off.
    """
    with transaction.atomic():
        found = rows.row(_LOCK, {"ref": group_ref, "at": at, "long_ago": at - rules.PATIENCE})
        if found is None:
            return None
        state, filled = rules.ends_as(paid=found["paid"], size=found["size"], fill=found["fill"])
        rows.execute(_END, {"id": found["id"], "state": state.value, "filled": filled, "at": at})
    group = queries.group_by_ref(group_ref)
    assert group is not None, "groups are not deleted"
    return Ended(group=group, order_refs=queries.paid_orders(group_ref))
