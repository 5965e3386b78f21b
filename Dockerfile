# Milepost: one image for every target. `docker run` starts all of it, embedded; docker-compose.yml starts its parts.
#
# The Node of the base is that of package.json, and Debian's because the embedded ClickHouse needs glibc.

FROM node:26.10.0-bookworm-slim AS packages
WORKDIR /milepost
COPY package.json package-lock.json .npmrc ./
# Without scripts: the only one that does anything would fetch a second Node.
RUN npm ci --omit=dev --ignore-scripts

FROM node:26.10.0-bookworm-slim
LABEL org.opencontainers.image.title="Milepost" \
      org.opencontainers.image.description="Real-time transport visibility for companies that run on Odoo" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"

# What installs and builds has no business where it runs. /data is made here, so that a new volume on it has its owner.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn* \
 && groupadd --gid 10001 milepost \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin milepost \
 && install --directory --mode 0700 --owner 10001 --group 10001 /data \
 && ln -s /milepost/app/bin.js /usr/local/bin/milepost

WORKDIR /milepost
COPY --from=packages /milepost/node_modules ./node_modules
COPY package.json LICENSE ./
COPY domain ./domain
COPY streams ./streams
COPY schemas ./schemas
COPY odoo ./odoo
COPY ingest ./ingest
COPY processors ./processors
COPY sinks ./sinks
COPY dashboards ./dashboards
COPY tools/ports.ts ./tools/ports.ts
COPY tools/feeder ./tools/feeder
COPY tools/odoo ./tools/odoo
COPY tools/simulate ./tools/simulate
COPY app ./app
COPY deploy/health.js ./deploy/health.js

# Inside a container all addresses are the container's own: who gets in is for `ports` to say.
ENV NODE_ENV=production \
    MILEPOST_BIND=0.0.0.0 \
    MILEPOST_DATA=/data
VOLUME /data
EXPOSE 8080 8123
USER 10001:10001

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["node", "/milepost/deploy/health.js"]

# A small nursery costs no CPU here, and saves 50 MiB (app/supervise.ts).
ENTRYPOINT ["node", "--max-semi-space-size=4", "/milepost/app/main.ts"]
CMD ["start"]
