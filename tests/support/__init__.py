"""What tests of several areas share: an in-process AWS built from the template, fakes and example data."""
