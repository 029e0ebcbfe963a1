"""Fuzzing of everything that reads a stranger's bytes. `targets` is the table; `python -m tests.fuzz` runs it for long
with coverage guidance, `test_targets` for a moment on every test run."""
