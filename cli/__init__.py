"""One command line for all rooms, each of which is imported when its command is used, not before."""
