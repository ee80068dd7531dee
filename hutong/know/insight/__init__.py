"""Insight: how often each deal was looked at and its checkout opened, by day. No person is in it.

Owns: `StepCount`, and the counts that wait in the memory of a web process.
Invariants: one row for a day of a region, an offer and a step; numbers only grow; a page that is counted costs no
statement, because counts are added up in memory and written together, at the latest after ten seconds.
What a process had in memory when it was killed is lost: these are counts of looks, not of money.
Who may write: `services` here, called by the flow that counts steps.
"""
