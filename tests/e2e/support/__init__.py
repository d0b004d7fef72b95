"""What the browser tests stand on: the real web_app, a fake API with realistic data, and a browser."""
