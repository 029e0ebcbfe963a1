"""The composition root: Settings in, a running server out. It owns the lifespan and every task."""
