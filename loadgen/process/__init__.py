"""What a load process is: alone, a master or a worker; what they put together, and the cell it is kept in."""
