"""The parts of ``k8s:CONTEXT/NAMESPACE/DEPLOYMENT``: a clone, its rollout, its pods and the way to it."""
