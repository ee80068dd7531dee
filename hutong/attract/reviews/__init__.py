"""Reviews: what people say about a store they were served in, and what the store answers.

Owns: reviews with every version of them, answers with theirs, helpful votes, reports, decisions of operators, and the
summaries of stars by store and by offer.
Invariants: a review belongs to one visit, and a visit has at most one review from each side; the versions of a review
are only added to; a summary is exactly the sum of the published reviews of shoppers whose visit stands, whoever
writes at once; nobody finds their own review helpful; a sealed review is shown to nobody but its author.
Who may write: `services` here. That the visit happened is handed in by `flows/write_review.py`, which asks the room
where it did.
"""
