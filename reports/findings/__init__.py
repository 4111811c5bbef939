"""The diagnosis: findings are values, a finder a file."""
