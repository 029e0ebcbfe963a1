"""The engine that keeps `status` true: it decides from an object's present state, holds keys rather than events,
and paces itself per registry host. What is to be done is decided by pure functions; few places await."""
