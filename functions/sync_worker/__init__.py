"""sync_worker: the only function that calls Amazon."""
