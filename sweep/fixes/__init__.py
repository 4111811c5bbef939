"""Which settings mend which finding: a table a kind of app. Of a finding they know its code alone."""
