"""How fast it is, as ratios in one run: variants of the way in side by side, the whole way to the acknowledgement, memory. `./run bench`."""
