"""Keeps the daily figures in step with the stream of orders."""
