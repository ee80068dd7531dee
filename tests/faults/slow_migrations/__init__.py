"""An app for one test: its second migration takes so long that it can be killed half-way."""
