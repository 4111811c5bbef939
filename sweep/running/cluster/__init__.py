"""What a sweep asks of a Kubernetes cluster, through kubectl; and what it left there, removed."""
