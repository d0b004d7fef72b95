"""Keeping the promises: what is erased, exported, expired and checked, and the proof of it."""
