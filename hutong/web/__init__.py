"""Pages: `shell` is what all of them share; `consumer`, `merchant` and `operator` never import each other.

A view parses, asks for the right, makes one call of a flow (or of one app's service or query) and renders. Pages
never import models.
"""
