"""Reports as Amazon makes them: one module per report type, and the engine that makes them in simulated time."""
