"""What was found, in sentences: the report's first lines, and on what they rest."""
