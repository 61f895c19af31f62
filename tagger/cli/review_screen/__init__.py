"""The screen of `tagger review`: a table of rows, a pane about one of them, questions in front of both."""
