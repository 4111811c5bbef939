# Load masters, load workers and the mock LLM: no torch, no FAISS, no numpy. From the repository's root:
#   docker build -f k8s/docker/worker.Dockerfile -t chokepoint-worker:0.1.0 .
# Without a network, with a folder that has wheels of everything (setuptools, too):
#   podman build -v /path/to/wheels:/wheels:ro --build-arg PIP_ARGS="--no-index --find-links /wheels" ...
# checkov:skip=CKV_DOCKER_2: Kubernetes takes no notice of a HEALTHCHECK; the probes are in the manifests
# The same base in both Dockerfiles: one to keep up to date.
FROM docker.io/library/python:3.11-slim-bookworm AS base

FROM base AS build
ARG PIP_ARGS=""
RUN python3 -m venv /opt/venv
WORKDIR /src
COPY . .
RUN /opt/venv/bin/pip install --no-cache-dir ${PIP_ARGS} -c constraints.txt .

FROM base
RUN groupadd --gid 10001 chokepoint \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin chokepoint
COPY --from=build /opt/venv /opt/venv
COPY locustfiles /app/locustfiles
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
# What the Locust operator hands its arguments to; our manifests say the whole command.
ENTRYPOINT ["locust"]
