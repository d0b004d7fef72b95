"""Connections: a seller's account at Amazon, authorised by them, from consent to disconnect, and how healthy it is."""
