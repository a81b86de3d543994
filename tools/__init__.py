"""Programs for whoever works on the house; nothing of it is shipped."""
