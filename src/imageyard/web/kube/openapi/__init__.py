"""What the Kubernetes API is made of, as OpenAPI: written from the served resources and from the very types that read
and write them. kubectl explains fields from it, and learns from it what a patch may be."""
