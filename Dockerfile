# syntax=docker/dockerfile:1
# One image for all four services; the command names the module: `services.intake`, `services.escalator`, `services.notifier`,
# `services.audit`, `fenghuo.deployment`. It runs as a user of its own, needs no shell, and writes nowhere but FENGHUO_DATA_DIR and /tmp.
# The Python the tests and the types run on. Pin the base by digest in your own build: --build-arg PYTHON_IMAGE=python:3.11.14-slim-trixie@sha256:…
ARG PYTHON_IMAGE=python:3.11.14-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt /build/requirements.txt
# Each file is checked against its hash; wheels only (nothing of a package runs while it is installed), but for nkeys and http-ece, which have none.
RUN /opt/venv/bin/pip install --quiet --require-hashes --only-binary=:all: --no-binary=nkeys,http-ece -r /build/requirements.txt \
 && /opt/venv/bin/pip uninstall --quiet --yes pip
COPY shared /opt/fenghuo/shared
COPY services /opt/fenghuo/services
COPY fenghuo /opt/fenghuo/fenghuo
COPY config /opt/fenghuo/config
# The root file system is read-only later: compile now.
RUN /opt/venv/bin/python -m compileall -q /opt/fenghuo

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Fenghuo 烽火" \
      org.opencontainers.image.description="Report emergencies in time and answer for it: duties with clocks, a fallback chain, a trail nobody can quietly edit" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# 10001: no user of a usual host has this number. The data folder stands here so that a new volume belongs to that user.
RUN groupadd --gid 10001 fenghuo \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fenghuo \
 && install -d -o fenghuo -g fenghuo -m 0700 /var/lib/fenghuo
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /opt/fenghuo /opt/fenghuo
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/fenghuo \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FENGHUO_HTTP_HOST=0.0.0.0 \
    FENGHUO_HTTP_PORT=8080 \
    FENGHUO_DATA_DIR=/var/lib/fenghuo \
    FENGHUO_LOG_FORMAT=json
WORKDIR /opt/fenghuo
USER 10001:10001
EXPOSE 8080
# Alive, not ready: a service that waits for its broker is healthy. Readiness is what compose asks (/readyz).
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
CMD ["services.intake"]
