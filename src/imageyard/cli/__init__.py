"""Commands. Only cli and app read Settings; what a command does is in `app` or behind the server's own door."""

from imageyard.cli.main import main

__all__ = ["main"]
