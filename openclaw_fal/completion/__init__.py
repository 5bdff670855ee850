"""Shell completion: answers, their generated table, and the scripts."""
