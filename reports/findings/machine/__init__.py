"""What a machine gives, and what is made of it: CPUs, their quota, threads that compute, memory."""
