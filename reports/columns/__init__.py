"""Requests in columns: a million of them are some arrays, and no record is made of one."""
