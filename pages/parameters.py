"""γ, β and the running statistics of every norm layer, live and at any earlier step."""

from pages.parts import live, session

live.inside("parameters", session.view())
