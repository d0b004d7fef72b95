"""People and the organisations they work for: sign-up, sessions, roles."""
