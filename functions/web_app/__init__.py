"""The web application: one page and its files, served through the same API as the data."""
