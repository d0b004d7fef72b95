"""Benchmarks: one command each, one JSON object on the last line of standard output."""
