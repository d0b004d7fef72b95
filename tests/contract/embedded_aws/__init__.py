"""Each fix of the embedded AWS: what it closes is shown with it, and shown to be open without it alone."""
