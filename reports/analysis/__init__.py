"""What a report says, as values: figures together, and notes on how they were measured."""
