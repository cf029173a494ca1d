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
  # Without its own pip, which Debian's Python may lack, and filled from outside.
  python3 -m venv --without-pip "$environment"
  packages=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  install() {
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
      --target "$packages" -r "$requirements" "$@"
  }
  # PyTorch's build for processors is in its own index; where pip's configuration knows of another
  # place that has it, that one is asked first, and alone.
  install 2>/dev/null || install --extra-index-url https://download.pytorch.org/whl/cpu
  cp "$requirements" "$environment/installed.txt"
fi
exec "$environment/bin/python" -u Scripts/bench/bench.py "$@"
