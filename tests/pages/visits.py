"""A visit to the page, as Streamlit's AppTest makes it."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

FRAME = Path(__file__).parents[2] / "pages" / "frame.py"


def open_frame(**link: str) -> AppTest:
    """The Train page by a link with these settings."""
    app = AppTest.from_file(str(FRAME), default_timeout=60)
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app
