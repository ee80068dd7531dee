"""The loop over HTTP (order, pay, redeem) against bare psycopg sending the very statements the server sent.

`scene` makes the database once. A round copies it twice. On the first copy the shipped web process serves the
loops (`server`, `client`), and notes what its connections send (`record`). On the second copy `replay` sends the
same again: connection by connection, in the same transactions, with the same parameters, prepared alike. `run`
puts it together, compares the two databases, and says what share of the server's time is the database's.
"""
