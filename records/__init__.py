"""What is kept: the results directory's types, writer and reader (schema version 1).

Imports none of the other rooms, so that anything that can read JSON lines can read a run.
"""
