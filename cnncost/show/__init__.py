"""Floor 7: tables, and how they are written."""
