"""Pictures: what shops show of themselves, made safe and small before anybody else sees it.

Owns: the pictures of stores and offers with their order and their words, and the files below `media/`.
Invariants: a file is named after the SHA-256 of its bytes, holds no metadata of what was uploaded, and never
changes; the pictures shown of an owner are numbered 0, 1, 2, and the first is its cover.
Who may write: `services` here. Who may add a picture is asked by the flow that knows the owner; which of them
are shown is told by the published version of the owner's contents.
"""
