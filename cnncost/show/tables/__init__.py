"""One module of tables per command."""
