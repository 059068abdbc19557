"""Faults on purpose: a private noren under load, its processes killed by number, and every acknowledged write counted.

`make trials` runs them in about five minutes; `make trials ARGS=--long` with the full numbers. docs/reliability.md says
what they show.
"""
