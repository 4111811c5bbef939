"""What it means: tables, statistics and findings, read from results directories and from nothing else.

``reports.show.print_report`` is what the sweep calls after a run; ``report`` is the same on the command line.
Nothing is imported here: numpy and scipy come with the extra ``report``, and ``report`` says so without them.
"""
