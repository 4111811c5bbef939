"""Which settings mend which finding: a table a kind of app. They know no plan, and no finding but its code."""
