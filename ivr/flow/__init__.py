"""The flow engine: pure. It imports no web, database, carrier, model, randomness or clock."""
