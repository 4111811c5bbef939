"""All that touches Locust: its events, options, rows, exit codes and signals."""
