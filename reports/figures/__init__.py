"""Statistics, and the figures that they give of cells and levels."""
