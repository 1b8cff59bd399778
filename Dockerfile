# syntax=docker/dockerfile:1
# Built in one stage and run in another one without compilers, as nobody in particular.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/chargewright
ENV PATH="/opt/chargewright/bin:$PATH" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY pyproject.toml constraints.txt README.md LICENSE CHANGELOG.md ./
COPY models models
COPY optimizer optimizer
COPY api api
RUN pip install -c constraints.txt '.[postgres,otel]'

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --create-home --home-dir /var/lib/chargewright \
    --shell /usr/sbin/nologin chargewright
COPY --from=build /opt/chargewright /opt/chargewright
ENV PATH="/opt/chargewright/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    CHARGEWRIGHT_HOST=0.0.0.0 \
    CHARGEWRIGHT_PORT=8080 \
    CHARGEWRIGHT_DATABASE_URL=sqlite:////var/lib/chargewright/chargewright.db
WORKDIR /var/lib/chargewright
VOLUME ["/var/lib/chargewright"]
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# That the process answers; whether plans can be made is for /health/ready, and no reason to restart it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
ENTRYPOINT ["chargewright"]
CMD ["serve"]
