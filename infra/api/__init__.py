"""The description of the HTTP API, generated from the routes and their types."""
