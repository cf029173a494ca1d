# shellcheck shell=bash disable=SC2034,SC2154 # shares its variables with setup.sh
#
# The part of setup.sh that looks after the machine: Swift, system packages, Python. Sourced by it;
# uses its say, stop, workspace, at_least and must_download.

check_swift() {
  command -v swift >/dev/null ||
    stop "no swift: install Swift $swift_wanted or newer from https://www.swift.org/install" \
      "and put its usr/bin folder on the PATH"
  local answer version
  answer=$(swift --version 2>&1) || stop "swift does not run; it says:" "$answer"
  version=$(sed -nE 's/.*Swift version ([0-9.]+).*/\1/p' <<<"$answer")
  at_least "${version:-0}" "$swift_wanted" ||
    stop "Swift ${version:-of an unknown version} is too old: Norma needs $swift_wanted or newer" \
      "(https://www.swift.org/install)"
}

find_python() {
  local candidate
  pip=()
  python=
  for candidate in python3 /usr/bin/python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import zipfile, hashlib' 2>/dev/null
    then
      if [ -z "$python" ]; then python=$candidate; fi
      if "$candidate" -m pip --version >/dev/null 2>&1; then
        python=$candidate
        pip=("$candidate" -m pip)
        return 0
      fi
    fi
  done
  return 1
}

need_python() {
  if find_python; then return; fi
  if [ -z "$python" ]; then
    stop "no Python: LibTorch and OpenVINO come as Python wheels, and python3 was not found" \
      "(Debian, Ubuntu: apt-get install python3 python3-pip)"
  fi
  stop "no pip: $(command -v "$python") has no pip module, and pip fetches LibTorch and OpenVINO" \
    "(Debian, Ubuntu: apt-get install python3-pip)"
}

missing_packages() {
  local wanted=()
  command -v git >/dev/null || wanted+=(git)
  command -v make >/dev/null || wanted+=(make)
  compgen -G '/usr/include/c++/*/vector' >/dev/null || wanted+=(g++)
  [ -f /usr/include/zlib.h ] || [ -f /usr/local/include/zlib.h ] || wanted+=(zlib1g-dev)
  if [ "$mode" != cuda ]; then
    [ -f /usr/include/vips/vips.h ] || [ -f /usr/local/include/vips/vips.h ] ||
      wanted+=(libvips-dev)
    [ -f /usr/include/sqlite3.h ] || [ -f /usr/local/include/sqlite3.h ] ||
      wanted+=(libsqlite3-dev)
  fi
  if must_download && ! find_python; then
    if [ -z "$python" ]; then wanted+=(python3); fi
    wanted+=(python3-pip)
  fi
  echo "${wanted[*]:-}"
}

system_packages_linux() {
  local missing command log
  missing=$(missing_packages)
  if [ -z "$missing" ]; then return; fi
  command="apt-get install --no-install-recommends $missing"
  command -v apt-get >/dev/null ||
    stop "missing: $missing (their Debian names), and this machine has no apt-get:" \
      "install them with its own package manager and run this again"
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      stop "missing: $missing. Installing them needs root, and there is no sudo. As root:" "$command"
    if [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
    "${as_root[@]}" true 2>/dev/null ||
      stop "missing: $missing. Installing them needs root, and sudo refused. As root:" "$command"
  fi
  say "installing $missing"
  workspace
  log=$work/apt.log
  # shellcheck disable=SC2086 # the names are words
  {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends $missing
  } >"$log" 2>&1 </dev/null || {
    tail -n 5 "$log" >&2
    if grep -qE 'Temporary failure resolving|Could not connect|Failed to fetch' "$log"; then
      stop "no network? apt-get could not fetch $missing (its last lines stand above)"
    fi
    if grep -q 'No space left' "$log"; then stop "the disk is full: apt-get could not install"; fi
    stop "apt-get could not install $missing (its last lines stand above)"
  }
}

system_packages_macos() {
  command -v brew >/dev/null && [ ! -f /opt/homebrew/include/vips/vips.h ] || return 0
  say "installing vips with Homebrew"
  brew install --quiet vips >&2 || stop "Homebrew could not install vips"
}

system_packages() {
  if [ "$(uname -s)" = Darwin ]; then
    system_packages_macos
    [ -f /opt/homebrew/include/vips/vips.h ] || stop "no libvips: brew install vips"
  else
    system_packages_linux
  fi
}
