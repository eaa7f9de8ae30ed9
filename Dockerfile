# syntax=docker/dockerfile:1

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY profiles profiles
COPY web web
COPY server server
# Pure Go, SQLite included: no C library is needed, now or when it runs.
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /padwarden ./server

FROM debian:bookworm-slim
# ca-certificates for APNs, wget for the health check.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates wget \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 65532 --no-create-home --shell /usr/sbin/nologin padwarden \
 && install -d -o padwarden -g padwarden -m 0700 /data
COPY --from=build /padwarden /usr/local/bin/padwarden
COPY LICENSE /usr/share/doc/padwarden/LICENSE
USER padwarden
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["padwarden"]
CMD ["serve", "--listen", ":8080", "--data", "/data"]
