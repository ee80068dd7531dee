"""Pages for shoppers: find, buy, enjoy, keep. Every page works without JavaScript but the map.

Owns no tables. Reads queries of the rooms, changes things through `flows` and, for one app alone, its services.
Nobody needs to sign in before checkout. The place of a visitor is a region and, if they allow it, a position kept
in a cookie for an hour; it is never stored on the server.
"""
