#!/usr/bin/env bash
# Root's `make test` once more as an ordinary user, on a copy of the last commit: below /tmp, in a
# folder with a space and Chinese letters, with LANG=C. (LC_ALL=C is too much for Python 3.11 there.)
# PYTHON: one that every user may run.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone --quiet . "$folder/作业 1"
chown -R nobody "$folder"
cd "$folder/作业 1"
setpriv --reuid nobody --regid nogroup --clear-groups \
  env -u LC_ALL HOME="$folder" LANG=C PYTHON="${PYTHON:-/usr/bin/python3}" make test
