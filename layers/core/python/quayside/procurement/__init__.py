"""Procurement: suppliers, purchase orders, receipts, landed cost and payments."""
