#!/usr/bin/env bash
# Grades a class in CI or at your own terminal, and reports as a CI shows it:
#
#   autograder collect --github course/students.txt    # the students' repositories → submissions/
#   course/classroom.sh [OPTION…]                      # grade them with the hidden tests
#
# OPTIONS are those of `autograder grade`. There are two steps, so that nothing secret is there when
# students' programs run: the first takes CLASSROOM_TOKEN, if set, as the password for private ones.
set -euo pipefail
submissions="${CLASSROOM_SUBMISSIONS:-submissions}"
results="${CLASSROOM_RESULTS:-results}"

status=0
autograder grade "$submissions" --results "$results" "$@" || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status" # 3: some of them, for reasons of ours
autograder export "$results" --to junit
autograder export "$results" --to github
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  cat "$results/github/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$status"
