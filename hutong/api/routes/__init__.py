"""The routes by subject. Each function: parse, whose is it, one flow or query, answer."""
