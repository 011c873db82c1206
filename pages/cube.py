"""The [N, C, H, W] cube: pick a cell and see which others share its mean and variance."""

from core.cube.networks import Networks
from pages.parts import cube_view, notices, session

cube_view.style()
view = session.view()
notices.say(view.notices)
cube_view.show(Networks(view.run))
