"""`tagger playlist` and `tagger playlists apply`: from filters to a file that players open."""
