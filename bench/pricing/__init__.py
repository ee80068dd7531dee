"""The price of a cart: how long the best combination takes to find, and how that grows."""
