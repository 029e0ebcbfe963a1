"""Structured logs with one redaction point."""
