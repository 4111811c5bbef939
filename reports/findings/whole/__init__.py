"""What is said of a service as a whole: it scales, nothing known explains it, which side holds it."""
