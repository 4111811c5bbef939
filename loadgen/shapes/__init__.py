"""How does a load change while it runs, and what is measured of each of its levels?"""
