"""How activations are distributed in every layer and stage, for all arms, live and at any earlier step."""

from pages.parts import live, session

live.inside("activations", session.view())
