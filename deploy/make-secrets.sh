#!/usr/bin/env bash
# Makes the secrets of deploy/compose.yaml, each once: what is there stays. Back up root_key apart from the data.
#   bash deploy/make-secrets.sh [DIRECTORY]
set -euo pipefail
directory="${1:-$(dirname "$0")/secrets}"

# Containers read the files under users of their own, so the files are open and the directory is closed.
umask 022
mkdir -p "$directory"
chmod 700 "$directory"

random() { openssl rand -hex 24; }
hash_of() { printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }
keep() { # NAME CONTENT
  printf '%s\n' "$2" >"$directory/$1.tmp"
  mv -n "$directory/$1.tmp" "$directory/$1"
  rm -f "$directory/$1.tmp"
}
there() { [ -s "$directory/$1" ]; }

there root_key || keep root_key "$(openssl rand -base64 32)"
there grafana_admin_password || keep grafana_admin_password "$(random)"

if ! there redis_auth || ! there redis_url; then
  rm -f "$directory"/redis_{auth,url}
  password="$(random)"
  keep redis_auth "requirepass $password"
  keep redis_url "redis://:$password@redis:6379"
fi

if ! there clickhouse_passwords || ! there clickhouse_url || ! there grafana_clickhouse_password; then
  rm -f "$directory"/{clickhouse_passwords,clickhouse_url,grafana_clickhouse_password}
  application="$(random)"
  grafana="$(random)"
  keep clickhouse_url "http://audit_app:$application@clickhouse:8123"
  keep grafana_clickhouse_password "$grafana"
  keep clickhouse_passwords "<clickhouse>
  <audit_app_password>$(hash_of "$application")</audit_app_password>
  <audit_grafana_password>$(hash_of "$grafana")</audit_grafana_password>
</clickhouse>"
fi
