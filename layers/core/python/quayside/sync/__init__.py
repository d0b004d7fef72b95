"""Keeping datasets in step with Amazon: commands, quota slots, the dataset registry and the worker's use cases."""
