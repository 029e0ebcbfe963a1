"""The Kubernetes API door: what kubectl, client-go and every other Kubernetes client speak, over the same objects."""
