"""How large the gradient is in every layer, for all arms, live and at any earlier step."""

from pages.parts import live, session

live.inside("gradients", session.view())
