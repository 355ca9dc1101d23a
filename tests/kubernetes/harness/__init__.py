"""A real Kubernetes of several nodes on one Linux machine, in namespaces of its own."""
