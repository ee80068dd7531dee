"""Hutong: found online, paid online, enjoyed in person, remembered.

The four rooms are `attract`, `pay`, `visit` and `know`. They never import each other; `flows` joins them.
"""
