"""Shipping what the seller sells itself: who receives it, for as long as that may be known."""
