#!/usr/bin/env bash
#
# Builds everything optimised, runs every test, and closes with the counts and with what was skipped
# and why. `make test` calls it after set-up. Arguments go to `swift test`: --filter NAME, say.
set -euo pipefail

cd "$(dirname "$0")/.."
log=.build/tests.log
results=.build/tests.xml

# One build for the tests and for the executables that the command line's tests run.
swift build -c release --build-tests

rm -f "$results"
status=0
swift test -c release --skip-build --disable-xctest --xunit-output "$results" "$@" </dev/null 2>&1 |
  tee "$log" || status=$?
python3 Scripts/test-summary.py "$results" "$log" || exit 1
if ((status != 0)); then
  echo "swift test ended with status $status though no test failed (log: $log)" >&2
fi
exit "$status"
