# The product's image, for those who have a container engine: the same layout as tools/image.ts writes without one.
# amd64 and arm64 (nothing here names an architecture; the builder's platform decides). The project's own tests parse this
# file and compare it with tools/image.ts; an engine has not built it there.
#
#   docker build -t registry.example.org/voucher-operator:0.1.0 .
#   docker buildx build --platform linux/amd64,linux/arm64 --push -t … .
#
# Pin the bases by digest: --build-arg NODE_IMAGE=node@sha256:… --build-arg RUNTIME_IMAGE=debian@sha256:…
ARG NODE_IMAGE=node:24-bookworm-slim
# Anything with glibc will do; one without a shell is smaller.
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No scripts: nothing of what production needs is built at install time.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE} AS program
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY contract contract
COPY admission admission
COPY runtime runtime
COPY journal journal
COPY operator operator
COPY simulation simulation
COPY app app
COPY local local
COPY tools tools
COPY cli cli
RUN npx tsc -p tsconfig.build.json --outDir /compiled && node tools/image/bundle.ts /compiled

FROM ${RUNTIME_IMAGE}
COPY --from=modules /usr/local/bin/node /usr/local/bin/node
COPY --from=modules /app/node_modules /app/node_modules
COPY --from=program /app/package.json /app/package.json
COPY --from=program /compiled/app /app/app
COPY --from=program /compiled/operator /app/operator
COPY --from=program /compiled/contract /app/contract
COPY --from=program /compiled/runtime /app/runtime
COPY --from=program /compiled/journal /app/journal
COPY --from=program /compiled/simulation /app/simulation
ENV NODE_ENV=production
WORKDIR /app
# A number, so that `runAsNonRoot` can check it. Nothing is written below /.
USER 65532
ENTRYPOINT ["/usr/local/bin/node", "/app/app/main.js"]
