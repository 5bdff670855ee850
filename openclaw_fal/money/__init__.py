"""Money: prices, estimates, budgets, spending."""
