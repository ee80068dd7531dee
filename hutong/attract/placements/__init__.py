"""Placements: positions somebody paid for, labelled as such on the home page and in lists.

Owns: `Placement` (what is shown, where, from when to when, how often a day at most) and `PlacementDay` (how often it
was shown and followed on one day of its region), with the counts that wait in the memory of a web process.
Invariants: a placement shows one shop or one deal; it is never shown outside its days, while it is paused or after it
ended, and never for what people could not find otherwise: a shop that is closed, a merchant that is not approved, a
deal that is off. What is shown is at most one in `rules.ONE_IN` of a list. Views are added up in memory and written
together, at the latest after ten seconds, so a daily cap may be passed by what was shown in the meantime.
What a placement costs and who pays it is not here.
Who may write: `services` here, for the operator; each change is in the audit log.
"""
