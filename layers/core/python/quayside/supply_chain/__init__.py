"""Goods on their way to Amazon: inbound plans, shipments and what was received."""
