"""What is secret in what is given or said, and how it is blanked before anything is kept."""
