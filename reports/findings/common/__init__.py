"""What a finding is, and what finders share."""
