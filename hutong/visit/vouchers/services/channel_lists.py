"""Lists of vouchers that other channels sold: brought in, kept up to date, taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from hutong.kernel import audit
from hutong.kernel.errors import NotFound
from hutong.kernel.ids import new_id
from hutong.kernel.rows import rows
from hutong.town.merchants.models import Merchant
from hutong.town.people.models import Person
from hutong.visit.vouchers.models import ChannelImport, ChannelVoucher
from hutong.visit.vouchers.queries.channels import channel_hash
from hutong.visit.vouchers.rules.channels import ends_on
from hutong.visit.vouchers.rules.terms import starts_at, to_json
from hutong.visit.vouchers.services.errors import ImportTakenBack
from hutong.visit.vouchers.types.channels import (
    BadRow,
    Brought,
    ChannelState,
    ListedAs,
    ListedCode,
    RowFault,
)
from hutong.visit.vouchers.types.terms import Terms

# So many of the rows that brought nothing are kept with a list.
BAD_KEPT = 200
_AT_ONCE = 5_000
# The guard against doubles: a code that is there and good, or used, stays as it is.
_BRING = """
INSERT INTO vouchers_channelvoucher AS v (public_id, merchant_id, brought_by_id, code_hmac, ending, valid_from,
  valid_until, state)
SELECT ref, %(merchant_id)s::int8, %(import_id)s::int8, code_hmac, ending,
  least(%(starts_at)s, until - interval '1 microsecond'), until, 'ready'
FROM unnest(%(refs)s::text[], %(hashes)s::text[], %(endings)s::text[], %(untils)s::timestamptz[])
  AS listed (ref, code_hmac, ending, until)
ON CONFLICT (merchant_id, code_hmac) DO UPDATE SET state = 'ready', brought_by_id = excluded.brought_by_id,
  valid_from = excluded.valid_from, valid_until = excluded.valid_until WHERE v.state = 'gone'
RETURNING code_hmac
"""
_GONE = """
UPDATE vouchers_channelvoucher v SET state = 'gone' FROM vouchers_channelimport i
WHERE v.merchant_id = %(merchant_id)s::int8 AND v.code_hmac = ANY(%(hashes)s::text[]) AND v.state = 'ready'
  AND i.id = v.brought_by_id AND i.offer_ref = %(offer_ref)s AND i.channel = %(channel)s
RETURNING v.code_hmac
"""
_THERE = """
SELECT v.code_hmac, v.state, i.offer_ref = %(offer_ref)s AND i.channel = %(channel)s AS same
FROM vouchers_channelvoucher v JOIN vouchers_channelimport i ON i.id = v.brought_by_id
WHERE v.merchant_id = %(merchant_id)s::int8 AND v.code_hmac = ANY(%(hashes)s::text[])
"""


@dataclass(frozen=True, slots=True)
class SoldFor:
    """What the vouchers of a list are for, as it stands when they are brought in."""

    merchant: Merchant
    offer_ref: str
    channel: str
    titles: Mapping[str, str]
    terms: Terms
    store_ids: Sequence[int]
    zone: str


def bring(
    what: SoldFor, *, listed: Sequence[ListedCode], bad: Sequence[BadRow], by: Person, at: datetime
) -> Brought:
    """Make the codes of a channel's list good here, and those that it says are gone no longer; `listed` has each once.

    A code that is here already stays as it is, so that the same list again changes nothing; one that was gone and is on
    a list again is good again, for the deal of that list. `bad` are rows that somebody refused before. All or nothing.
    The caller counts `new` less `gone` in the stock, in the same transaction.
    """
    good: list[tuple[ListedCode, str, datetime]] = []
    untils: dict[date | None, datetime | None] = {}
    hashes = {one.line: channel_hash(one.code) for one in listed}
    for one in listed:
        if one.last_on not in untils:
            untils[one.last_on] = ends_on(what.terms, one.last_on, zone=what.zone, at=at)
        until = untils[one.last_on]
        if one.said is ListedAs.GOOD and until:
            good.append((one, hashes[one.line], until))
    over = [hashes[one.line] for one in listed if one.said is not ListedAs.GOOD]
    with transaction.atomic():
        made = ChannelImport.objects.create(
            merchant=what.merchant, channel=what.channel, offer_ref=what.offer_ref, titles=dict(what.titles),
            terms=to_json(what.terms), store_ids=list(what.store_ids), row_count=len(listed) + len(bad),
            new=0, gone=0, unchanged=0, bad_rows=0, bad=[], by=by, at=at,
        )  # fmt: skip
        named = {
            "merchant_id": what.merchant.pk, "import_id": made.pk, "offer_ref": what.offer_ref,
            "channel": what.channel, "starts_at": starts_at(what.terms, zone=what.zone, at=at),
        }  # fmt: skip
        new = _bring(good, named)
        gone = {entry["code_hmac"] for entry in rows(_GONE, {**named, "hashes": sorted(over)})}
        done = new | gone
        rest = [one for one in listed if hashes[one.line] not in done]
        refused = sorted([*bad, *_refused(rest, hashes, named)], key=lambda each: each.line)
        made.new, made.gone, made.bad_rows = len(new), len(gone), len(refused)
        made.unchanged = made.row_count - made.new - made.gone - made.bad_rows
        made.bad = [[each.line, each.ending, each.fault.value] for each in refused[:BAD_KEPT]]
        made.save()
        audit.record(
            action="channel_import.made",
            subject=made.public_id,
            by=by.public_id,
            at=at,
            after={
                "channel": what.channel,
                "brought": made.new,
                "gone": made.gone,
                "bad_rows": made.bad_rows,
            },
            merchant=what.merchant.public_id,
        )
    return Brought(
        import_ref=made.public_id,
        new=made.new,
        gone=made.gone,
        unchanged=made.unchanged,
        bad_rows=made.bad_rows,
    )


def _bring(good: Sequence[tuple[ListedCode, str, datetime]], named: Mapping[str, Any]) -> set[str]:
    # In the order of the codes, so that two lists at the same moment never wait for each other in a circle.
    in_order = sorted(good, key=lambda each: each[1])
    new: set[str] = set()
    for start in range(0, len(in_order), _AT_ONCE):
        part = in_order[start : start + _AT_ONCE]
        values = {
            **named,
            "refs": [new_id("chv") for _one in part],
            "hashes": [code_hmac for _one, code_hmac, _until in part],
            "endings": [one.code[-4:] for one, _hash, _until in part],
            "untils": [until for _one, _hash, until in part],
        }
        new |= {entry["code_hmac"] for entry in rows(_BRING, values)}
    return new


def _refused(rest: Sequence[ListedCode], hashes: Mapping[int, str], named: Mapping[str, Any]) -> list[BadRow]:
    """Of the rows that changed nothing those that somebody should look at."""
    asked = {**named, "hashes": [hashes[one.line] for one in rest]}
    there = {entry["code_hmac"]: entry for entry in rows(_THERE, asked)}
    found = ((one, _fault(one, there.get(hashes[one.line]))) for one in rest)
    return [BadRow(one.line, one.code[-4:], fault) for one, fault in found if fault]


def _fault(one: ListedCode, there: Mapping[str, Any] | None) -> RowFault | None:
    if there is None or there["state"] == ChannelState.GONE.value:
        # It would be good now, had it not ended.
        return RowFault.ENDED if one.said is ListedAs.GOOD else None
    if not there["same"]:
        return RowFault.ALSO_ELSEWHERE
    is_used = there["state"] == ChannelState.USED.value
    return RowFault.USED_HERE if is_used and one.said is ListedAs.GIVEN_BACK else None


def take_back_import(*, import_ref: str, merchant_ref: str, by: Person, at: datetime) -> tuple[str, int]:
    """Make good no longer what a list brought and nobody used; the deal, and how many. What was used stays.

    The caller gives as many back to the stock, in the same transaction. Raises `NotFound`, also of another merchant's,
    and `ImportTakenBack` the second time.
    """
    with transaction.atomic():
        found = ChannelImport.objects.filter(public_id=import_ref, merchant__public_id=merchant_ref).first()
        if found is None:
            raise NotFound
        if not ChannelImport.objects.filter(pk=found.pk, taken_back_at=None).update(taken_back_at=at):
            raise ImportTakenBack
        ready = ChannelVoucher.objects.filter(brought_by=found, state=ChannelState.READY.value)
        number = ready.update(state=ChannelState.GONE.value)
        audit.record(
            action="channel_import.taken_back",
            subject=import_ref,
            by=by.public_id,
            at=at,
            after={"gone": number},
            merchant=merchant_ref,
        )
    return found.offer_ref, number
