"""Engines of search: what each promises, and what is particular of OpenSearch."""
