"""Reads of vouchers that other channels sold: the lists that brought them, and where they stand."""

from datetime import datetime
from typing import Any

from hutong.kernel.rows import rows
from hutong.kernel.secret import keyed_hex
from hutong.visit.vouchers.queries.stored import loaded
from hutong.visit.vouchers.types.channels import BadRow, ChannelImportView, RowFault

_PURPOSE = "vouchers.channel"
# Walks the index of a merchant's lists, then the vouchers of each by what brought them.
_IMPORTS = """
SELECT i.public_id, i.channel, i.offer_ref, i.titles, p.name AS by_name, i.at, i.row_count, i.new, i.gone, i.unchanged,
  i.bad_rows, i.bad, i.taken_back_at, c.ready, c.used, c.ended
FROM vouchers_channelimport i JOIN people_person p ON p.id = i.by_id
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE v.state = 'ready' AND v.valid_until > %(at)s) AS ready,
    count(*) FILTER (WHERE v.state = 'used') AS used,
    count(*) FILTER (WHERE v.state = 'ready' AND v.valid_until <= %(at)s) AS ended
  FROM vouchers_channelvoucher v WHERE v.brought_by_id = i.id) c
WHERE i.merchant_id = %(merchant_id)s::int8 AND {which} ORDER BY i.id DESC LIMIT 200
"""


def channel_hash(code: str) -> str:
    """What a channel's code is stored and found as."""
    return keyed_hex(_PURPOSE, code)


def channel_imports(merchant_id: int, *, at: datetime) -> list[ChannelImportView]:
    """The lists of a merchant, the newest first, at most 200. One statement."""
    found = rows(_IMPORTS.format(which="true"), {"merchant_id": merchant_id, "at": at})
    return [_view(entry) for entry in found]


def channel_import(ref: str, merchant_id: int, *, at: datetime) -> ChannelImportView | None:
    """One list of this merchant; None of another's. One statement."""
    asked = {"merchant_id": merchant_id, "at": at, "ref": ref}
    found = rows(_IMPORTS.format(which="i.public_id = %(ref)s"), asked)
    return _view(found[0]) if found else None


def _view(entry: dict[str, Any]) -> ChannelImportView:
    return ChannelImportView(
        ref=entry["public_id"],
        channel=entry["channel"],
        offer_ref=entry["offer_ref"],
        titles=loaded(entry["titles"]),
        by_name=entry["by_name"],
        at=entry["at"],
        rows=entry["row_count"],
        new=entry["new"],
        gone=entry["gone"],
        unchanged=entry["unchanged"],
        bad_rows=entry["bad_rows"],
        bad=tuple(BadRow(line, ending, RowFault(fault)) for line, ending, fault in loaded(entry["bad"])),
        ready=entry["ready"],
        used=entry["used"],
        ended=entry["ended"],
        taken_back_at=entry["taken_back_at"],
    )
