# docker build -t doff .
# docker run --rm -v "$PWD/spiders:/app/spiders:ro" -v "$PWD/config:/app/config:ro" -v "$PWD/data:/data" doff crawl books --resume --store /data/books -o /data/books.jsonl

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production DOFF_LOG_FORMAT=json
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
COPY config ./config
COPY spiders ./spiders
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
# The first signal drains: what is out comes to its end and is written. Give it time: docker stop --time 150.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/src/cli/doff.js"]
CMD ["list"]
