# syntax=docker/dockerfile:1
# One image, two programs: perennial-worker executes the workflows, perennial starts and steers them.
#   docker build --build-arg VERSION=$(git describe --always) -t perennial .

FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
# No cgo: static programs that need nothing from the image below, time-zone data included.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    export CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    && go build -trimpath -ldflags="-s -w" -o /out/perennial-worker ./worker \
    && go build -trimpath -ldflags="-s -w" -o /out/perennial ./starter \
    && mkdir -p /out/data

# CA certificates and an unprivileged user; no shell, no package manager.
FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=dev
LABEL org.opencontainers.image.title="Perennial" \
      org.opencontainers.image.source="https://github.com/perennial-billing/perennial" \
      org.opencontainers.image.version="$VERSION"
# One static program beside ours, for the health checks in docker-compose.yml.
COPY --from=busybox:1.37.0-musl /bin/wget /usr/local/bin/wget
COPY --from=build /out/perennial-worker /out/perennial /usr/local/bin/
# A named volume mounted here inherits this owner, so that the sandbox can keep its books as nonroot.
COPY --from=build --chown=nonroot:nonroot /out/data /var/lib/perennial
USER nonroot:nonroot
WORKDIR /var/lib/perennial
CMD ["/usr/local/bin/perennial", "--help"]
