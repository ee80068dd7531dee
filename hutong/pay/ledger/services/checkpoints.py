"""How far the books were added up: marked, and moved on once nothing can come before the mark any more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hutong.kernel import rows
from hutong.pay.ledger.queries import Added

# The last ids that were given out, committed or not. Read before this mark's own transaction is numbered, by a statement
# of its own: whoever has one of these ids has a number below. (The end of a snapshot would not do: it is the number after
# the last that has ended, and one that runs may be above it.)
_GIVEN_OUT = """
SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ledger_transfer_id_seq) AS transfer,
       (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ledger_transaction_id_seq) AS entry
"""
_KEEP_MARK = """
INSERT INTO ledger_checkpoint ("only", upto_transfer, upto_transaction, transfers,
    next_transfer, next_transaction, next_xid)
VALUES (true, 0, 0, 0, %(transfer)s, %(entry)s, pg_current_xact_id()::text::bigint)
ON CONFLICT ("only") DO UPDATE SET next_transfer = excluded.next_transfer,
    next_transaction = excluded.next_transaction, next_xid = excluded.next_xid
WHERE ledger_checkpoint.next_xid IS NULL OR ledger_checkpoint.next_xid > excluded.next_xid
"""
_ADD = """
INSERT INTO ledger_checkpointsum (account_id, kind, minor)
SELECT side.account_id, x.kind, sum(side.minor)
FROM (
    SELECT transaction_id, to_account_id AS account_id, amount AS minor FROM ledger_transfer
        WHERE id > %(base)s AND id <= %(upto)s
    UNION ALL SELECT transaction_id, from_account_id, -amount FROM ledger_transfer
        WHERE id > %(base)s AND id <= %(upto)s
) side JOIN ledger_transaction x ON x.id = side.transaction_id
GROUP BY side.account_id, x.kind
ON CONFLICT (account_id, kind) DO UPDATE SET minor = ledger_checkpointsum.minor + excluded.minor
"""
_ADVANCE = """
UPDATE ledger_checkpoint SET upto_transfer = %(upto)s, upto_transaction = %(entry)s, checked_at = %(at)s::timestamptz,
    transfers = transfers + (SELECT count(*) FROM ledger_transfer WHERE id > %(base)s AND id <= %(upto)s),
    next_transfer = NULL, next_transaction = NULL, next_xid = NULL
WHERE upto_transfer = %(base)s AND next_transfer = %(upto)s
"""


def mark_checkpoint() -> None:
    """Note how far ids are given out now, unless an earlier mark still waits. Before adding up, not inside it.

    A mark from another server, whose transactions were numbered further, is replaced.
    """
    given_out = rows.row(_GIVEN_OUT)
    assert given_out is not None, "a statement without FROM has one row"
    rows.execute(_KEEP_MARK, given_out)


def advance_checkpoint(*, added: Added, at: datetime) -> bool:
    """Move the checkpoint to the mark, after a sum without problems that was settled up to there; whether it moved.

    Somebody else may have moved it meanwhile: then nothing happens.
    """
    if added.problems or added.settled is None:
        return False
    places = {
        "base": added.base.transfer,
        "upto": added.settled.transfer,
        "entry": added.settled.transaction,
        "at": at,
    }
    with transaction.atomic():
        # The row is the lock: who comes second waits for it, and then finds it elsewhere.
        if not rows.execute(_ADVANCE, places):
            return False
        rows.execute(_ADD, places)
    return True
