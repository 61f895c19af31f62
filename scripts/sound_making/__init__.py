"""Speech, noises, and music in a poor state, made for the head of sounds."""
