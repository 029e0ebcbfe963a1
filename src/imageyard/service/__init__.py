"""Use cases: the only way in for the doors. Each asks access, then admission, then the Store."""
