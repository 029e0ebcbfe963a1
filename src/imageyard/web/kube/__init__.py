"""The Kubernetes API door: what kubectl and every client of that API speak, one file per verb, from the kinds table."""
