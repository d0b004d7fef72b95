"""The product in a real browser: every screen against a fake API, and the whole journey against the deployed stack."""
