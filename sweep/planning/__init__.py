"""What a sweep will do, as values: points, variants, targets, words for the load."""
