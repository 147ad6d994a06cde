#!/usr/bin/env bash
# Installs what the system needs and the machine lacks: npm packages, redis-server, chromium. Run it as often as you like.
# With --for-tests also the tools by which tests judge PDF files; tests say what they skip without them.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
  2>/dev/null || fail "Node 20.19 or newer is needed; found $(node --version 2>/dev/null || echo none)"

# npm's hidden lock file is as new as the last install.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'installing npm packages (npm ci)'
  # A registry mirror may lack the binaries of other platforms; npm ci then refuses, npm install does not.
  npm ci --no-fund --no-audit --loglevel=error >&2 ||
    npm install --no-save --no-fund --no-audit --loglevel=error >&2 || fail 'npm packages could not be installed'
  touch node_modules/.package-lock.json
fi

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

install_packages() {
  if command -v apt-get >/dev/null; then
    say "installing $* with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq >&2 && as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  elif command -v brew >/dev/null; then
    local names=("${@/redis-server/redis}")
    names=("${names[@]/poppler-utils/poppler}")
    say "installing ${names[*]} with brew"
    brew install "${names[@]}" >&2
  else
    return 1
  fi
}

has_chromium() {
  [ -n "${PUPPETEER_EXECUTABLE_PATH:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null || [ -d '/Applications/Chromium.app' ] || [ -d '/Applications/Google Chrome.app' ]
}

missing=()
[ -n "${AUDIT_REDIS_URL:-}" ] || command -v redis-server >/dev/null || missing+=(redis-server)
has_chromium || missing+=(chromium)
if [ "${1:-}" = --for-tests ]; then
  command -v pdfsig >/dev/null || missing+=(poppler-utils)
  command -v qpdf >/dev/null || missing+=(qpdf)
fi
if [ ${#missing[@]} -gt 0 ]; then
  install_packages "${missing[@]}" ||
    say "could not install: ${missing[*]} (no apt-get or brew, or no right to use it); please install it by hand"
fi
[ -n "${AUDIT_REDIS_URL:-}" ] || command -v redis-server >/dev/null ||
  fail 'redis-server is missing: install it (Debian: apt-get install redis-server) or set AUDIT_REDIS_URL'
has_chromium || say 'chromium is missing: everything works but PDF reports; install it or set PUPPETEER_EXECUTABLE_PATH'
