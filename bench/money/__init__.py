"""The order's money without HTTP around it, and the books as they grow.

`orders` lets two processes place, capture and redeem orders through the flows, and notes what their connections
send; bare psycopg then sends the same again on a copy of the database, as in `bench.loop`. `books` posts to books
of 100,000 and of 1,000,000 transfers whose commission is one account, and adds them up. `whole` times
`hutong books check` over all rooms, in databases that `sold` makes. `run` makes the rows.
"""
