"""What every page shares: base template, components and their gallery, tags, scheme and language, the installable
app (manifest, service worker, offline page), and the demo's message tray.

Owns no tables. Knows nothing of shops or orders: a component takes plain values. Other pages import from here and
never the other way round.
"""
