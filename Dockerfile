# Two stages, so that the image holds what runs and no more.
FROM node:26-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:26-bookworm-slim
LABEL org.opencontainers.image.title="Sallyport" \
      org.opencontainers.image.description="Policy decision point with a SCIM-fed directory cache"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY proto ./proto
COPY src ./src
COPY examples/quickstart ./examples/quickstart
# Only a store in a file is written to, and it goes here: the rest may be mounted read-only.
RUN mkdir data && chown node:node data
VOLUME /app/data
USER node
EXPOSE 7070 7071 7072 7073
# Liveness, not readiness: a process that waits for its store must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7073/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/app/src/main.ts"]
CMD ["serve"]
