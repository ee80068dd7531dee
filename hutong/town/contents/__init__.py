"""Contents: what people write for others to read, version by version.

Owns: revisions of what a store, an offer or a page of the site says, with the decision about each, the
ready reasons of such decisions, and the operator's announcements.
Invariants: the revisions of a subject are numbered 1, 2, 3; at most one of a subject waits for a decision; a
decided revision says who decided and when; what a revision says never changes.
Who may write: `services` here. Who may do so is asked by the flow that knows the subject, and the flow also
brings a published revision to the subject itself.
"""
