"""The documentation as a site: `sphinx-build -W docs site` with the extra `docs`."""

from __future__ import annotations

project = "cnncost"
author = "the cnncost authors"
copyright = "the cnncost authors"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "cnncost"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
exclude_patterns = ["schemas", "pictures/make.py"]
suppress_warnings = ["misc.highlighting_failure"]  # a console block shows what a program printed, not a language
