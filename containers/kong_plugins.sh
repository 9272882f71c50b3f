#!/bin/sh
# The plugin server in a container of its own: Kong reads the dumps from the shared directory, since it can't run us.
set -eu
for name in gateline-jwt gateline-key-auth gateline-policy gateline-rate-limit traffic-split; do
    gateline-kong-server -d /opt/gateline/kong_plugins --dump "$name" > "/run/gateline/$name.json"
done
exec gateline-kong-server -d /opt/gateline/kong_plugins --socket /run/gateline/kong.sock --socket-mode 666 \
    --standalone --deadline 2
