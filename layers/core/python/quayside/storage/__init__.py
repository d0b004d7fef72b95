"""The store: keys, the signing connection, table models and the credential vault."""
