# NormScope as a container; docs/deployment.md says how to run it.
FROM python:3.11-slim-bookworm

# A plain user with a home that it may write to; /data holds data sets and runs, /app is read-only to it.
RUN useradd --create-home --uid 10001 normscope && install -d -o normscope -g normscope /data
WORKDIR /app

# The packages come before the code: a change of code does not install PyTorch again.
# With TORCH_INDEX_URL (an index of CPU-only wheels) both halves of the pair come from there: a CPU torch does not
# import beside PyPI's torchvision. The second line then finds them installed and adds the rest.
# With RAY=1 the image is also one for the machines of a Ray cluster (docs/kuberay.yaml).
ARG TORCH_INDEX_URL=""
ARG RAY=""
COPY requirements.txt requirements-ray.txt ./
RUN if [ -n "$TORCH_INDEX_URL" ]; then \
        pip install --no-cache-dir --index-url "$TORCH_INDEX_URL" $(grep -E '^(torch|torchvision)==' requirements.txt); \
    fi \
 && pip install --no-cache-dir -r requirements.txt ${RAY:+-r requirements-ray.txt}

ENV NORMSCOPE_DATA=/data \
    NORMSCOPE_HOME=/data/normscope \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_BROWSER_GATHER_USAGE_STATS=false

# Fashion-MNIST is fetched into the image, before the pages, so that their changes do not fetch it again.
# A named volume starts as a copy of this folder.
COPY core core
USER normscope
RUN python -m core data fetch --data fashion-mnist \
 || echo "No Fashion-MNIST in this image (no network?): the page will use the built-in digits until it can download it."

COPY app.py ./
COPY .streamlit .streamlit
COPY assets assets
COPY pages pages

VOLUME /data
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os; from urllib.request import ProxyHandler, build_opener; \
base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); \
build_opener(ProxyHandler({})).open('/'.join(filter(None, ['http://127.0.0.1:8501', base, '_stcore/health'])), timeout=4)"]
# 0.0.0.0 rather than Streamlit's default, the IPv6 wildcard, which a container without IPv6 answers with a warning.
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501"]
