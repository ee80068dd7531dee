"""Reads of what was looked at, and of what it says about taste."""

from typing import Any

from hutong.attract.saved.models import SavedEntry, SavedList, SeenChoice, SeenStore
from hutong.attract.saved.rules.lists import MOST_SEEN
from hutong.attract.saved.rules.taste import MOST_LIKINGS
from hutong.attract.saved.types import Liking, LikingKind, Likings, Seen
from hutong.kernel.rows import rows, values
from hutong.town.people.models import Person

# What somebody said comes as a row of its own, without a kind, so that it is one statement.
_LIKINGS = """
(SELECT c.remembers, c.cleared_at, NULL::text AS kind, NULL::text AS category, NULL::timestamptz AS at, NULL::text AS ref
   FROM saved_seenchoice c WHERE c.person_id = %(person)s::int8)
UNION ALL
(SELECT NULL, NULL, 'viewed', c.slug, v.seen_at, s.public_id
   FROM saved_seenstore v JOIN merchants_store s ON s.id = v.store_id JOIN merchants_category c ON c.id = s.category_id
  WHERE v.person_id = %(person)s::int8)
UNION ALL
(SELECT NULL, NULL, 'saved', c.slug, e.added_at, NULL
   FROM saved_savedentry e JOIN saved_savedlist l ON l.id = e.list_id AND l.deleted_at IS NULL
   LEFT JOIN LATERAL (SELECT p.store_id FROM catalog_offerstore p WHERE p.offer_id = e.offer_id
                       ORDER BY p.id LIMIT 1) held ON true
   JOIN merchants_store s ON s.id = coalesce(e.store_id, held.store_id)
   JOIN merchants_category c ON c.id = s.category_id
  WHERE l.person_id = %(person)s::int8 AND e.removed_at IS NULL
  ORDER BY e.added_at DESC LIMIT %(most)s::int4)
"""
_SEEN = """
SELECT s.public_id AS store_ref, c.slug AS category, v.seen_at AS at
  FROM saved_seenstore v JOIN merchants_store s ON s.id = v.store_id JOIN merchants_category c ON c.id = s.category_id
 WHERE v.person_id = %s::int8 ORDER BY v.seen_at DESC, v.id DESC LIMIT %s::int4
"""


def seen_of(person_id: int, *, limit: int = MOST_SEEN) -> list[Seen]:
    """The shops a person looked at, the last one first; one statement."""
    return [Seen(**found) for found in rows(_SEEN, [person_id, limit])]


def remembers(person_id: int) -> bool:
    """Whether what a person looks at is remembered; one statement."""
    return not SeenChoice.objects.filter(person_id=person_id, remembers=False).exists()


def likings_of(person_id: int) -> Likings:
    """What a person saw and saved, and what they said about it; one statement. What they bought `pay` knows."""
    found = rows(_LIKINGS, {"person": person_id, "most": MOST_LIKINGS})
    said = next((each for each in found if each["kind"] is None), None)
    willing, cleared_at = (said["remembers"], said["cleared_at"]) if said else (True, None)
    done = sorted(
        (each for each in found if each["kind"] and willing), key=lambda each: each["at"], reverse=True
    )
    return Likings(
        remembers=willing,
        cleared_at=cleared_at,
        likings=tuple(
            Liking(LikingKind(each["kind"]), each["category"], each["at"])
            for each in done
            if cleared_at is None or each["at"] > cleared_at
        ),
        seen=tuple(Seen(each["ref"], each["category"], each["at"]) for each in done if each["ref"]),
    )


def everything_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about a person, by model, for the person's own file. The key of a link is not among them."""
    mine = {"person": person}
    return {
        "saved.SavedList": values(
            SavedList.objects.filter(**mine),
            *("public_id", "name", "is_default", "shared_at", "shares_notes", "created_at", "deleted_at"),
        ),
        "saved.SavedEntry": values(
            SavedEntry.objects.filter(list__person=person),
            *("list__public_id", "store__public_id", "store__names", "offer__public_id", "offer__titles"),
            *("note", "added_at", "removed_at"),
        ),
        "saved.SeenStore": values(
            SeenStore.objects.filter(**mine), "store__public_id", "store__names", "seen_at"
        ),
        "saved.SeenChoice": values(
            SeenChoice.objects.filter(**mine), "remembers", "cleared_at", "changed_at"
        ),
    }
