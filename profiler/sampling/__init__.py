"""What is read of processes and of the machine, sample by sample."""
