#!/usr/bin/env bash
#
# Norma beside PyTorch, OpenVINO and scikit-learn in Python. `make bench` calls it after set-up and
# build. Arguments go to bench.py: --only steps, say; --help lists them.
#
# The other side gets an environment of its own, .build/bench-python, made once.
set -euo pipefail

cd "$(dirname "$0")/.."
environment=.build/bench-python
requirements=Scripts/bench/requirements.txt

if ! cmp -s "$requirements" "$environment/installed.txt"; then
  echo "bench: installing PyTorch and its company to $environment (about 1 GB)" >&2
  rm -rf "$environment"
  python3 -m venv "$environment"
  # PyTorch's build for processors is not in every index; its own index has only that.
  "$environment/bin/pip" install --quiet --disable-pip-version-check \
    --extra-index-url https://download.pytorch.org/whl/cpu -r "$requirements"
  cp "$requirements" "$environment/installed.txt"
fi
exec "$environment/bin/python" -u Scripts/bench/bench.py "$@"
