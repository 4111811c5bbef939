"""What was seen besides the answers, while cells were measured: inside a service, on its machine, outside."""
