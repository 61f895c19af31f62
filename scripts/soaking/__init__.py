"""The parts of soak.py: music, what is true of it, its owner, the commands and what happens to them."""
