"""Regions: the cities, districts and business circles a site serves.

Owns: the tree of regions with zone, currency, datum, languages, extent and the name of the basemap file; their
outlines; the features an operator switched for a region.
Invariants: a slug names one region, and so does an adcode; a parent is of a larger kind (country > city > district
> circle), so the tree has no way round; what a region inherits is its parent's at all times; an outline is a sound
MultiPolygon in WGS-84; an extent is a real box (west <= east, south <= north) and the datum one of three.
Who may write: `services` here, called by the import of a city and by the operator.
"""
