# The reference app, with torch, FAISS and the embedded model. From the repository's root:
#   docker build -f k8s/docker/target.Dockerfile -t chokepoint-target:0.1.0 .
# pip may bring several GB of CUDA with torch. For the CPU only, PIP_ARGS takes the option with which PyTorch's own
# page installs that. Without a network: worker.Dockerfile says how.
# checkov:skip=CKV_DOCKER_2: Kubernetes takes no notice of a HEALTHCHECK; the probes are in the manifests
# The same base in both Dockerfiles: one to keep up to date.
FROM docker.io/library/python:3.11-slim-bookworm AS base

FROM base AS build
ARG PIP_ARGS=""
RUN python3 -m venv /opt/venv
WORKDIR /src
COPY . .
RUN /opt/venv/bin/pip install --no-cache-dir ${PIP_ARGS} -c constraints.txt '.[target]'
# The index over Python's documentation: some minutes here, and many on half a core at each pod's start.
# BUILD_INDEX=no leaves that to the pods; an index of other documents or another model is built there anyway.
ARG BUILD_INDEX=yes
WORKDIR /opt/chokepoint/index
RUN if [ "${BUILD_INDEX}" = yes ]; then CACHE_DIR=/opt/chokepoint/index /opt/venv/bin/python -c \
    "from target_app.service import load; from target_app.settings import load_settings; load(load_settings())"; fi

FROM base
RUN groupadd --gid 10001 chokepoint \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin chokepoint \
    && mkdir -p /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build --chown=10001:10001 /opt/chokepoint/index /opt/chokepoint/index
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
EXPOSE 8001
# 127.0.0.1 would be reached by nobody outside of the container.
CMD ["uvicorn", "target_app.app:app", "--host", "0.0.0.0", "--port", "8001", "--no-access-log"]
