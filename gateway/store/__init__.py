"""The store: what the house knows. Above this package nobody has heard of SQLAlchemy."""
