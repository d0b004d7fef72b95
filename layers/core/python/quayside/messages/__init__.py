"""Messages to buyers: only Amazon's own templates that it allows for that very order, each sent once at most."""
