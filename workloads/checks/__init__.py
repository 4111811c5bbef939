"""The checks of a cell: each a function from facts to a Check, its bound beside it."""
