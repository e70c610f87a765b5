# One image for the server, the controller, the migration and the node daemon: `make image`.
#
# BASE_DIGEST pins the base. `make image` looks up the digest of the tag and passes it, so that both stages are of
# one base, and the image says which.
ARG BASE=python:3.13-slim-bookworm
ARG BASE_DIGEST

FROM ${BASE}${BASE_DIGEST:+@${BASE_DIGEST}} AS build
# For the plugin's launcher, which starts in a millisecond; what it makes needs no C library.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements ./requirements
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps --requirement requirements/image.txt \
 && python3 -m venv /opt/rowhouse/venv \
 && /opt/rowhouse/venv/bin/pip install --no-cache-dir --require-hashes --no-deps --requirement requirements/server.txt
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY server ./server
COPY cni_plugin ./cni_plugin
COPY migrations ./migrations
RUN /opt/build/bin/python -m build --wheel --no-isolation --outdir /dist \
 && /opt/rowhouse/venv/bin/pip install --no-cache-dir --no-deps /dist/*.whl \
 && /opt/build/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
      --output-file /opt/rowhouse/sbom.cdx.json /opt/rowhouse/venv
# The interpreter in the plugin is the base's; nothing of the node is used.
RUN PYTHONPATH=cni_plugin python3 -m plugin_bundle /opt/rowhouse/plugin

FROM ${BASE}${BASE_DIGEST:+@${BASE_DIGEST}}
ARG BASE
ARG BASE_DIGEST
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Rowhouse" \
      org.opencontainers.image.description="IP addresses of Kubernetes secondary networks, as rows in PostgreSQL" \
      org.opencontainers.image.source="https://github.com/rowhouse-ipam/rowhouse" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}" \
      io.rowhouse.sbom="/opt/rowhouse/sbom.cdx.json"
RUN groupadd --gid 65532 rowhouse \
 && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin rowhouse
COPY --from=build /opt/rowhouse /opt/rowhouse
ENV PATH=/opt/rowhouse/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8443
CMD ["rowhouse", "serve"]
