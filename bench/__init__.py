"""`make bench`: every figure as a ratio against a ceiling measured in the same run, because machines are noisy."""
