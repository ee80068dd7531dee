"""Search: what is near, found by place, category and part of a name, and the deals among it.

Owns: two projections, `SearchStore` (a row for each open store) and `SearchDeal` (a row for each live offer
in each of its stores). A row holds all a card on a page needs, so that a list is one statement. Beside them
`SearchHours`, opening hours that stores share with when they are open, `SearchTerm`, the terms they have, and
`SearchCell` and `SearchTile`, squares of the map with how many stores they have and when they last changed.
Invariants: a row says what `town` said when it was indexed, and nothing that cannot be indexed again from
there; it carries no foreign key, because it may be emptied and rebuilt at any moment; the order "nearest
first" is exact, and a page after a cursor neither repeats nor leaves out a row that did not change.
Who may write: `services` here, called by `flows/index_search.py`, which the outbox runs after a change. The squares
are kept by triggers on the stores, whoever writes those.
"""
