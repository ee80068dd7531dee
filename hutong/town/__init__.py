"""The floor under the four rooms: who and where.

`people` knows persons and how they sign in, `regions` the places on earth, `merchants` the shops and the
people who work in them, `catalog` what can be bought. Every room may point here with a foreign key; nothing
here knows any room.
"""
