# One image for the site, the workers and beat; docker-compose.yml says which of them it is.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# The requirements alone first: a change of the code does not install them again.
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home nota \
    && install --directory --owner=nota --group=nota /app /app/var /app/var/weights
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NOTA_VAR=/app/var
COPY --from=build /opt/venv /opt/venv
COPY . .
# The files of the pages are collected into the image. This only reads the settings, so that
# neither a secret nor a server is needed; nothing of it stays in the image.
RUN DEBUG=1 DATABASE_URL=postgres://nobody@localhost/unused REDIS_URL=redis://localhost/0 \
    python manage.py collectstatic --noinput
# Which code made a result is stored with it, and the image holds no .git to ask:
# NOTA_CODE_VERSION=$(git rev-parse HEAD) docker compose build
ARG NOTA_CODE_VERSION=""
ENV NOTA_IMAGE_VERSION=$NOTA_CODE_VERSION
USER nota
VOLUME /app/var
EXPOSE 8000
# Of the site; the workers and beat have their own in docker-compose.yml. The header keeps a site
# that redirects to HTTPS (SECURE_SSL_REDIRECT behind a proxy) from redirecting this too.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://localhost:8000/healthz', headers={'X-Forwarded-Proto': 'https'}), timeout=5)"]
CMD ["gunicorn", "labeling.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "4", "--threads", "2", "--timeout", "60", "--graceful-timeout", "10", "--no-control-socket"]
