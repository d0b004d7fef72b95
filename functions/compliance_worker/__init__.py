"""compliance_worker: keeps the promises: erasure, export, expiry and the checks of all of it."""
