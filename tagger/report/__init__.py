"""A report of a library: one page that holds all it needs, to look at in a browser.

`gather` asks the store for facts, and `page` makes the page of them: `charts` as numbers for the template,
`columns` of every track for the script, `links` to the files. `sound_map` lays out the embeddings,
`albums_apart` finds the albums whose tracks do not go together. Nothing here writes a file.
"""

from tagger.report.gather import Facts, gather
from tagger.report.page import check_output, page

__all__ = ["Facts", "check_output", "gather", "page"]
