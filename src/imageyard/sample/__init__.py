"""The sample: a real, small OCI registry in memory, with content, and objects that point at it.

A neighbour of the product, not a layer of it: it knows the domain's names and the OCI specifications, and nothing
of the client that will talk to it. It uses no HTTP client and keeps nothing on disk.
"""
