"""Pure domain rules. No I/O, no clock, no asyncio; data in, data out."""
