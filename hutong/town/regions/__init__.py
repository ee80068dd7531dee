"""Regions: the cities, districts and business circles a site serves.

Owns: the tree of regions with zone, currency, datum, languages, extent and the name of the basemap file;
the features an operator switched for a region.
Invariants: a slug names one region; an extent is a real box (west <= east, south <= north) around a valid
centre; the datum is one of three; a region is never its own parent.
Who may write: `services` here, called by the import of a city and by the operator.
"""
