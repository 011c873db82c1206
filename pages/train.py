"""Watch the same network train with and without normalization: controls, curves, and what they say."""

from pages.parts import live, session

live.training(session.view())
