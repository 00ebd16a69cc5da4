#!/bin/sh
# Installs Debian packages that are missing, by name. Says what to do where it cannot.
missing=""
for p in "$@"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  # Not Debian: judge by what the build looks for, and name the packages otherwise.
  for tool in gcc make pkg-config gnuplot; do command -v $tool >/dev/null 2>&1 || lacks=yes; done
  [ -z "$lacks" ] && pkg-config --exists gsl lua5.4 jansson zlib && exit 0
  echo "nines needs these packages (Debian names); please install them:$missing" >&2
  exit 1
fi
sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "please run as root: apt-get install$missing" >&2; exit 1; }
  sudo=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
if ! $sudo apt-get install -y -q --no-install-recommends $missing >/tmp/nines-apt.$$ 2>&1; then
  $sudo apt-get update -q >/tmp/nines-apt.$$ 2>&1
  if ! $sudo apt-get install -y -q --no-install-recommends $missing >/tmp/nines-apt.$$ 2>&1; then
    tail -n 5 /tmp/nines-apt.$$ >&2
    echo "apt-get could not install:$missing" >&2
    rm -f /tmp/nines-apt.$$
    exit 1
  fi
fi
rm -f /tmp/nines-apt.$$
