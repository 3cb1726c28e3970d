"""Floor 4: where networks come from: model functions, the zoo, specs."""
