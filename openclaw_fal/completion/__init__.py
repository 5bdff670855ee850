"""Shell completion: the answers, the table that they are generated from, and the shells'
scripts."""
