"""The operator's queue: what waits, one item with everything needed to decide, the decision, and taking it back.

`items` gathers what waits, `facts` what is known of one item, `reasons` the ready reasons, `views` the pages.
"""
