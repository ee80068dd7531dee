"""Pages of a shop's people: scan, today, deals, customers, devices. Made for a phone first.

Owns no tables. Who may see what stands in `access.py`: a desk is one person, or one paired phone, in one store of
one merchant, and every view gets its desk handed in. Another merchant's thing looks like no thing at all.
"""
