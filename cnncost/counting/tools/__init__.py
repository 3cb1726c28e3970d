"""How each tool counts: one module of conventions per tool."""
