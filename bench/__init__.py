"""Benchmarks: each measures against the limit in the same run, and has its pass mark. `make bench`."""
