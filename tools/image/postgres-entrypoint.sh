#!/bin/sh
# Uses the same variables as the official image (POSTGRES_USER, POSTGRES_PASSWORD[_FILE], POSTGRES_DB, PGDATA).
set -eu
: "${PGDATA:=/var/lib/postgresql/18/docker}" "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
export PGDATA

if [ $# -eq 0 ] || [ "${1#-}" != "$1" ]; then set -- postgres "$@"; fi

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo "set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE: the data folder is empty and its superuser needs a password" >&2
    exit 1
  fi
  # Under another name until it is complete: a pod that ends during its first start must not leave half a database.
  new="$PGDATA.new"
  rm -rf "$new" "$new.password"
  mkdir -p "$new"
  (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" >"$new.password")
  initdb --pgdata="$new" --username="$POSTGRES_USER" --pwfile="$new.password" --encoding=UTF8 --locale=C --data-checksums \
    --auth-local=trust --auth-host=scram-sha-256
  rm "$new.password"
  echo 'host all all all scram-sha-256' >>"$new/pg_hba.conf"
  printf "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql'\n" >>"$new/postgresql.conf"
  if [ "$POSTGRES_DB" != postgres ]; then
    printf 'CREATE DATABASE "%s";\n' "$POSTGRES_DB" | postgres --single -D "$new" postgres >/dev/null
  fi
  rm -rf "$PGDATA"
  mv "$new" "$PGDATA"
fi
# kubelet makes volumes writable for the pod's fsGroup, but PostgreSQL refuses a folder that a group can write.
if [ "$1" = postgres ]; then chmod 0700 "$PGDATA"; fi
unset POSTGRES_PASSWORD
exec "$@"
