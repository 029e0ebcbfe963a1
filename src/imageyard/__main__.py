"""`python -m imageyard` is the command line."""

from imageyard.cli import main

main()
