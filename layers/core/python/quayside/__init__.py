"""Quayside: a multi-tenant operations platform for Amazon sellers."""
