"""The [N, C, H, W] cube: pick a cell and see which others share its mean and variance."""

from core.sequence import row_site
from core.sites import worked_example
from pages.parts import cube_view

cube_view.show({"worked example": {**worked_example(), "gru": row_site()}})
