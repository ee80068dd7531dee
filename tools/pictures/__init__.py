"""Pictures of the pages for docs/pictures: `make pictures` while `make demo` runs in another window.

`pages` lists them, `town` makes that they have something to show, `visits` walks through the site as people do.
"""
