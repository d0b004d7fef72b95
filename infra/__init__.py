"""What stands around the product: its API document, the embedded AWS, the simulated Amazon, runbooks."""
