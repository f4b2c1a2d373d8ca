# One image with the five services, the HTTP edge and the operators' command; what runs is the container's command.

FROM rust:1.95-trixie AS builder
WORKDIR /src
COPY . .
RUN cargo build --release --locked \
        --package flight-ops --package weather-station \
        --package departure-board --package delay-stats --package delay-alerts \
        --package headwater-edge --package headwater-cli \
        --features departure-board/postgres,delay-stats/postgres \
    && mkdir /out \
    && cd target/release \
    && cp flight-ops weather-station departure-board delay-stats delay-alerts headwater-edge headwater /out/

# The same release of Debian, so that the binaries find the C library that they were linked with.
FROM debian:trixie-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /var/lib/headwater headwater \
    && install --directory --owner headwater --group headwater /var/lib/headwater
# For servers whose certificate a public authority has signed.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=builder /out/ /usr/local/bin/
# What the edge checks events against.
COPY schemas/registry/ /usr/local/share/headwater/registry/
# By number, so that a cluster's policies can tell that it is not root.
USER 10001
# A volume here is the user's own; subscribers keep their state in it.
WORKDIR /var/lib/headwater
ENV HEADWATER_DATA=/var/lib/headwater \
    HEADWATER_EDGE_REGISTRY=/usr/local/share/headwater/registry
CMD ["headwater", "--help"]
