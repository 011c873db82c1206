"""The entry point: `streamlit run app.py` serves the pages and, beside them, the routes that feed the charts."""

import os
import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from core.experiment import environment
from core.experiment.rules import ConfigError
from core.language.languages import of_machine
from core.language.speech import _, speaking

environment.fix_products()  # before PyTorch is there
environment.fix_threads()

from core.web.answering import Answering  # noqa: E402
from core.web.failing import Failing  # noqa: E402
from core.web.guarding import Guarding, inline_scripts  # noqa: E402
from core.web.limiting import Limiting  # noqa: E402
from core.web.metrics import Measuring  # noqa: E402
from core.web.owner import Owning  # noqa: E402
from core.web.pacing import Pacing  # noqa: E402
from core.web.preload import Preloading  # noqa: E402
from core.web.routes import lifespan  # noqa: E402

FRAME = Path(__file__).resolve().with_name("pages") / "frame.py"

try:
    environment.check()
    sites = environment.embed_sites()
except ConfigError as error:
    with speaking(of_machine(os.environ)):
        sys.exit(_("NormScope cannot start. {why}", why=error))

# Streamlit puts the script's folder on sys.path for each run of the script and takes it off after, unless it is there.
# Python walks that list by index: an import that a training thread had under way then missed a folder, and failed.
sys.path.append(str(FRAME.parent))

base = st.get_option("server.baseUrlPath") or ""
inline = inline_scripts((Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8"))
named = [Middleware(ProxyHeadersMiddleware, trusted_hosts=environment.proxies())] if environment.proxied() else []
before = [
    *named,  # uvicorn has asked the same, but not by each address that a proxy may come from
    Middleware(Pacing),
    Middleware(Measuring, base=base),
    Middleware(Guarding, sites=sites, inline=inline),
    Middleware(Failing, base=base),
    Middleware(Limiting, base=base, proxied=environment.proxied(), names=environment.log() == "addresses"),
    Middleware(Answering, base=base),
    Middleware(Preloading, base=base),
    Middleware(Owning, base=base),
]
app = st.App(FRAME, middleware=before, lifespan=lifespan)
