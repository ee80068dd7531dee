"""Pure decisions of `saved`: limits of lists, taste, the hours of a day, the order of the home page."""
