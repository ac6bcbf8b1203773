"""How fast it trains, side by side with others on the same data: processes that take turns, and a table."""
