"""The [N, C, H, W] cube: pick a cell and see which others share its mean and variance."""

from core.sequence import row_site
from core.sites import networks
from pages.parts import cube_view, session

found = networks(session.view().run)
found["worked example"] = {**found["worked example"], "gru": row_site()}
cube_view.show(found)
