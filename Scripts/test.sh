#!/usr/bin/env bash
#
# Builds everything optimised, runs every test, and closes with the counts and with what was skipped
# and why. `make test` calls it after set-up. Arguments go to `swift test`: --filter NAME, say.
set -euo pipefail

cd "$(dirname "$0")/.."
log=.build/tests.log

# One build for the tests and for the executables that the command line's tests run.
swift build -c release --build-tests

status=0
swift test -c release --skip-build --disable-xctest "$@" </dev/null 2>&1 | tee "$log" || status=$?

# Swift Testing's own lines: a mark, then `Test name() passed after …`, `… failed after …`, or
# `… skipped: "why"`. The line about the whole run begins alike.
lines() { grep -E "^[^ ]+ Test .* $1" "$log" | grep -vE '^[^ ]+ Test run with ' || true; }
count() { lines "$1" | wc -l | tr -d ' '; }
passed=$(count 'passed after ')
failed=$(count 'failed after ')
skipped=$(count 'skipped(\.$|: )')

if ((skipped > 0)); then
  echo
  echo "Skipped:"
  lines 'skipped(\.$|: )' | sed -E 's/^[^ ]+ Test /  /'
fi
# What went wrong comes last, where nobody has to search for it: each issue's own line and the lines
# of details below it.
if ((failed > 0)); then
  echo
  echo "Failed:"
  awk '/^[^ ]+ Test .* recorded an issue/ { sub(/^[^ ]+ Test /, "  "); print substr($0, 1, 1500); details = 6; next }
       /^↳ / && details > 0 { print "    " substr($0, 1, 600); details--; next }
       { details = 0 }' "$log"
fi
if ((status == 0 && passed == 0)); then
  echo "no test ran" >&2
  status=1
fi
if ((status != 0 && failed == 0)); then
  echo "the tests did not run to their end (log: $log)" >&2
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
