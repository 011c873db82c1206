"""What a number or word means, on the parts of a page that are Streamlit's.

explained  a text in Markdown with a “?” beside it; assets/shared/terms.js opens the answer
with_more  a field's help, with a link to a term in the page Reference
"""

from __future__ import annotations

import html
from urllib.parse import urlencode

import streamlit as st

from core.language.languages import QUERY_KEY as LANGUAGE_KEY
from core.language.speech import _, spoken
from core.words.terms import QUERY_KEY


def explained(text: str, slug: str) -> None:
    label = html.escape(_("What is this?"))
    says = f"aria-label='{label}' title='{label}' aria-haspopup=dialog"
    with st.container(horizontal=True, gap="small"):
        st.html(f"<button class=ns-what data-term={slug} {says}>?</button>", width="content")
        st.markdown(text, width="stretch")


def with_more(help_text: str, slug: str) -> str:
    """Streamlit opens the link in another tab, beside the form."""
    link = urlencode({QUERY_KEY: slug, LANGUAGE_KEY: spoken()})
    return f"{help_text}\n\n[{_('More in Reference')}](reference?{link})".strip()
