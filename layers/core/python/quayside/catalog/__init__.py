"""Listings with their status and issues, and the attributes of the products behind them."""
