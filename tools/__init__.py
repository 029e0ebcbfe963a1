"""Programs for people who work on imageyard; no part of what is installed."""
