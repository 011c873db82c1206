"""Bring the catalogs up to what the code says, compile them, and say what is still to be done."""

import sys

from core.language.languages import ENGLISH, LANGUAGES
from translation.catalog import problems, renew

for language in LANGUAGES:
    if language != ENGLISH:
        renew(language)
        wrong = problems(language)
        print("\n".join([f"core/language/{language}.po: {len(wrong)} to do", *wrong]))
        if wrong:
            sys.exit(1)
