"""The [N, C, H, W] cube: pick a cell and see which others share its mean and variance."""

from core.cube.networks import Networks
from pages.parts import cube_view, session

view = session.view()
cube_view.say_notices(view.notices)
cube_view.show(Networks(view.run))
