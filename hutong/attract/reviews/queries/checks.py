"""Whether what is kept added up is what the reviews say; everything is counted again here, and only here."""

from hutong.attract.reviews.types import ReviewProblem
from hutong.kernel.rows import rows

_SHOWN = "r.state = 'published' AND r.visit_gone_at IS NULL AND r.side = 'shopper'"
_STARS = """count(*) AS count, sum(r.stars) AS stars_sum, count(*) FILTER (WHERE r.stars = 1) AS one,
  count(*) FILTER (WHERE r.stars = 2) AS two, count(*) FILTER (WHERE r.stars = 3) AS three,
  count(*) FILTER (WHERE r.stars = 4) AS four, count(*) FILTER (WHERE r.stars = 5) AS five"""
_DIFFERS = """(coalesce(s.count, 0), coalesce(s.stars_sum, 0), coalesce(s.one, 0), coalesce(s.two, 0),
  coalesce(s.three, 0), coalesce(s.four, 0), coalesce(s.five, 0), coalesce(s.aspects, '{}'))
  IS DISTINCT FROM (coalesce(f.count, 0), coalesce(f.stars_sum, 0), coalesce(f.one, 0), coalesce(f.two, 0),
  coalesce(f.three, 0), coalesce(f.four, 0), coalesce(f.five, 0), coalesce(a.aspects, '{}'))"""
_ASPECTS = """SELECT owner, jsonb_object_agg(name, jsonb_build_array(stars, n)) AS aspects FROM (
    SELECT {owner} AS owner, e.key AS name, sum(e.value::int8) AS stars, count(*) AS n
    FROM reviews_review r CROSS JOIN LATERAL jsonb_each_text(r.aspects) e
    WHERE {shown} GROUP BY 1, 2
  ) AS each GROUP BY owner"""

_STORES = f"""
WITH f AS (SELECT r.store_id, {_STARS} FROM reviews_review r WHERE {_SHOWN} GROUP BY r.store_id),
a AS ({_ASPECTS.format(owner="r.store_id", shown=_SHOWN)})
SELECT coalesce(s.store_ref, t.public_id) AS ref, 'the stars of a store are not the sum of its reviews' AS what
FROM reviews_reviewsummary s FULL JOIN f ON f.store_id = s.store_id
LEFT JOIN a ON a.owner = f.store_id LEFT JOIN merchants_store t ON t.id = f.store_id
WHERE {_DIFFERS}
"""  # noqa: S608
_OFFERS = f"""
WITH f AS (SELECT r.offer_ref, {_STARS} FROM reviews_review r WHERE {_SHOWN} GROUP BY r.offer_ref),
a AS ({_ASPECTS.format(owner="r.offer_ref", shown=_SHOWN)})
SELECT coalesce(s.offer_ref, f.offer_ref) AS ref, 'the stars of an offer are not the sum of its reviews' AS what
FROM reviews_offersummary s FULL JOIN f ON f.offer_ref = s.offer_ref LEFT JOIN a ON a.owner = f.offer_ref
WHERE {_DIFFERS}
"""  # noqa: S608
_KEYS = """
SELECT s.store_ref AS ref, 'a summary names a store that is another one' AS what
FROM reviews_reviewsummary s LEFT JOIN merchants_store t ON t.id = s.store_id AND t.public_id = s.store_ref
WHERE t.id IS NULL
"""
_PARTS = """
SELECT r.public_id AS ref, what FROM reviews_review r
CROSS JOIN LATERAL (SELECT count(*) AS n, max(v.number) AS newest FROM reviews_reviewversion v
  WHERE v.review_id = r.id) AS versions
CROSS JOIN LATERAL (SELECT count(*) AS n FROM reviews_helpfulvote h WHERE h.review_id = r.id) AS votes
CROSS JOIN LATERAL (SELECT count(*) AS n FROM reviews_report p WHERE p.review_id = r.id AND p.state = 'open')
  AS reports
CROSS JOIN LATERAL (VALUES
  (versions.n <> r.version OR versions.newest <> r.version, 'a version of a review is missing'),
  (votes.n <> r.helpful, 'the number of votes is not that of the votes there are'),
  (r.state <> 'withdrawn' AND reports.n <> r.reports_open, 'the number of reports is not that of open reports')
) AS rule (broken, what)
WHERE broken ORDER BY r.id
"""


def problems(*, most: int | None = None) -> list[ReviewProblem]:
    """Every summary that differs from its reviews, and every review with a part missing; empty when all is well.

    At most `most` of each kind: what has gone wrong for all need not be fetched for all.
    """
    found = [entry for sql in (_STORES, _OFFERS, _KEYS, _PARTS) for entry in rows(f"{sql} LIMIT %s", [most])]
    return [ReviewProblem(ref=entry["ref"], what=entry["what"]) for entry in found]
