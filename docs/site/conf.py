# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's configuration of the documentation site. 'make docs' builds it; see tests/tools/docs.py."""

from __future__ import annotations

import os

from docutils import nodes

project = "securitycompass.sdelements"
author = "The securitycompass.sdelements authors"
project_copyright = f"2026 {author}"
release = version = os.environ["COLLECTION_VERSION"]

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton", "sphinx_design"]
myst_enable_extensions = ["colon_fence", "deflist"]
# So that [a link](user_guide.md#filters) works here as it does in the repository.
myst_heading_anchors = 4

# Every reference must lead somewhere, and nothing is fetched from elsewhere.
nitpicky = True
# The chapters of Ansible's own documentation that antsibull-docs refers to.
ANSIBLE = "https://docs.ansible.com/ansible/latest"
CHAPTERS = {
    "action_plugins": f"{ANSIBLE}/plugins/action.html",
    "common_return_values": f"{ANSIBLE}/reference_appendices/common_return_values.html",
}

html_theme = "furo"
html_title = f"SD Elements for Ansible {release}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_theme_options = {
    "source_repository": "https://github.com/securitycompass/ansible-collection-sdelements/",
    "source_branch": "main",
    "light_css_variables": {"color-brand-primary": "#0b5f73", "color-brand-content": "#0b6a80"},
    "dark_css_variables": {"color-brand-primary": "#5cc6dd", "color-brand-content": "#6fd0e5"},
    # The edit link would name a folder that only the build has.
    "top_of_page_buttons": [],
}
highlight_language = "yaml"
# custom.css maps antsibull's colours to the theme's, which the reader can switch.
antsibull_ext_color_scheme = "none"
copybutton_exclude = ".linenos, .gp, .go"


def find_chapter(_app, _env, node, contnode):
    """Resolve a reference to Ansible's own documentation."""
    if chapter := CHAPTERS.get(node.get("reftarget")):
        return nodes.reference("", "", contnode, refuri=chapter, internal=False)
    return None


def setup(app):
    """Called by Sphinx."""
    app.connect("missing-reference", find_chapter)
