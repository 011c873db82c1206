"""What every number and word on the pages means: about what you see, the glossary, and each term in full."""

from pages.parts import live, notices, session

notices.say(session.view().notices)
live.reference()
