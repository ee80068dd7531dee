"""The JSON API, version 1: the same flows and queries as the pages, for programs.

Owns: its routes, their scopes, the shape of what they take and answer. It has no tables and no rules.

Invariants:
- every route names its scope or is marked public, in the line that declares it (`doors.py`);
- what belongs to somebody else is answered exactly like what does not exist: 404;
- every POST that moves money or stock takes an Idempotency-Key;
- every refusal is problem+json with a stable `code`.

Written by: nobody; it calls flows, and the services of one app where a change concerns one app.
"""
