"""The composition root: Settings in, a running server out."""
