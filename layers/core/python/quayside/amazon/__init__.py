"""The only door to Amazon: marketplaces, authorisation, tokens, quota, the client and what Amazon's messages mean."""
