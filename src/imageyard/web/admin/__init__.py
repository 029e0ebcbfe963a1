"""The administrator's door, /admin/v1: what the command line asks of a running server. Not part of the public API."""
