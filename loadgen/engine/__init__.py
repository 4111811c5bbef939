"""The part of a load that knows no scenario: who asks when, what becomes a record, and when it ends."""
