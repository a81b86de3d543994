"""The crash laboratory: real nodes under a random load and everything that can befall them; what must be true is checked from outside. `./run torture`."""
