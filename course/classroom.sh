#!/usr/bin/env bash
# Grades a class whose work lies in repositories, in CI or at your own terminal:
#
#   course/classroom.sh fetch [LIST]      clone the students' repositories into submissions/
#   course/classroom.sh grade [OPTION…]   grade them with the hidden tests, and report
#
# LIST (by default course/students.txt) has a repository a line: a URL, or owner/name on
# CLASSROOM_SERVER (by default https://github.com), and after a space, if you like, the name to
# grade it under. CLASSROOM_TOKEN, if set, is the password for private repositories.
# OPTIONS are those of `autograder grade`.
#
# There are two steps, so that nothing secret is there when students' programs run.
set -euo pipefail
server="${CLASSROOM_SERVER:-https://github.com}"
submissions="${CLASSROOM_SUBMISSIONS:-submissions}"
results="${CLASSROOM_RESULTS:-results}"

warn() {
  if [ -n "${GITHUB_ACTIONS:-}" ]; then echo "::warning::$*"; else echo "$*" >&2; fi
}

fetch() {
  local repository name url fetched=0
  export GIT_TERMINAL_PROMPT=0 GIT_LFS_SKIP_SMUDGE=1
  if [ -n "${CLASSROOM_TOKEN:-}" ]; then # in git's environment: neither in a file nor on a command line
    GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'oauth2:%s' "$CLASSROOM_TOKEN" | base64 -w 0)"
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$server/.extraHeader" GIT_CONFIG_VALUE_0
  fi
  while read -r repository name || [ -n "$repository" ]; do
    case "$repository" in
      "" | \#*) continue ;;
      *://*) url="$repository" ;;
      *) url="$server/$repository" ;;
    esac
    name="${name:-$(basename "$repository" .git)}"
    if [ -e "$submissions/$name" ]; then
      echo "$submissions/$name is there already. Delete $submissions, or give $repository another" \
        "name after a space." >&2
      exit 2
    fi
    # As data: no hooks, no submodules, links as plain files, and nothing of git's own is kept.
    if git -c core.hooksPath=/dev/null -c core.symlinks=false \
      clone --quiet --depth 1 --no-tags -- "$url" "$submissions/$name"; then
      rm -rf "${submissions:?}/$name/.git"
      fetched=$((fetched + 1))
    else
      warn "$repository could not be fetched. Is the name right, and may CLASSROOM_TOKEN read it?"
    fi
  done <"${1:-course/students.txt}"
  echo "$fetched repositories in $submissions"
  [ "$fetched" -gt 0 ]
}

grade() {
  local status=0
  autograder grade "$submissions" --results "$results" "$@" || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status" # 3: some of them, for reasons of ours
  autograder export "$results" --to junit
  autograder export "$results" --to github
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    cat "$results/github/summary.md" >>"$GITHUB_STEP_SUMMARY"
  fi
  exit "$status"
}

case "${1:-}" in
  fetch | grade) "$@" ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
