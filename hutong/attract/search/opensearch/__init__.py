"""OpenSearch, for a site that outgrows PostgreSQL: calls (`calls`), the index (`index`), questions as its JSON (`asking`).

It holds of each store what is looked for, filtered, counted and ranked, and nothing that is shown: it says which stores
answer, in which order, and PostgreSQL says what they are. Everything in it is made from rows of search.
"""
