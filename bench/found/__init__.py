"""Finding at the scale of a city."""
