"""From an idea to an approved product: leads on a board, what Amazon tells of them, quotes, what would be earned."""
