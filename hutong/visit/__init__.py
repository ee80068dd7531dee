"""Enjoyed in person: what was bought is kept free for its buyer, and honoured in the shop.

`stock` counts how many of an offer may be sold and holds them while somebody pays, `vouchers` are the rights
that were bought and the record of each use. The apps of this room never import each other and never hear of
money: a use carries the `unit_ref` under which the room `pay` knows its amounts.
"""
