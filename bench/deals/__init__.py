"""Deals over HTTP against pgbench: redemptions, and attempts at a flash sale.

`scene` makes the database: vouchers to redeem, and a flash sale with less than is asked for. `pgbench` turns the notes
of the site's connections (`bench.loop.record`) into scripts. `run` makes the rows.
"""
