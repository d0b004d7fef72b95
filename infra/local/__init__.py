"""The embedded AWS of a single machine, and what starts, fills and stops the product on it.

``launcher`` runs in an environment of its own, with the emulator and nothing of the product;
everything else runs in the project's environment and speaks to it over HTTP alone.
"""
