#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image of the container.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"

find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
    then
      echo "$name"
      return
    fi
  done
}

missing=()
[ -n "$(find_python)" ] || missing+=(python3.11 python3.11-venv)
[[ "$(ldconfig -p)" == *libseccomp.so.2* ]] || missing+=(libseccomp2)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update
  apt-get install -y --no-install-recommends "${missing[@]}"
fi

"$(find_python)" -m venv "$root/venv"
pip=("$root/venv/bin/python" -m pip install --no-cache-dir -c "$root/source/constraints.txt")
# PyTorch's CPU build from PyTorch's own index; where that is out of reach, what pip finds.
"${pip[@]}" --retries 1 --timeout 5 --index-url https://download.pytorch.org/whl/cpu torch || true
# Editable: an installed copy would lie beside torch, where reduced isolation cannot hide it.
"${pip[@]}" -e "$root/source[instructor]"
