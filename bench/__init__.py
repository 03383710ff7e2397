"""How fast, how small, and how it grows, beside what a user would pick instead: `make bench`.

Everything is measured in one run on one machine, in rounds that take turns, and read as ratios:
a busy moment hits all alike. Nothing here is a limit of a test; docs/performance.md has the tables.
"""
