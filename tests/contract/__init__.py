"""Contracts between the product and what it runs on or speaks to."""
