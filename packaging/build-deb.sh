#!/bin/sh
# Builds the Debian package from a copy of the tree: packaging/build-deb.sh DIRECTORY
# The .deb and its source package are in DIRECTORY afterwards. Its tests, as Debian runs them (they install
# the package where they run, so in a machine that may be changed), as root:
#   autopkgtest DIRECTORY/sigmatrix_0.1.dsc DIRECTORY/sigmatrix_0.1_*.deb -- null
set -eu
[ $# -eq 1 ] || { echo "usage: packaging/build-deb.sh DIRECTORY" >&2; exit 2; }
cd "$(dirname "$0")/.."
if ! command -v dpkg-buildpackage >/dev/null || ! command -v dh >/dev/null; then
	echo "build-deb.sh: needs dpkg-dev and debhelper: apt-get install dpkg-dev debhelper" >&2
	exit 1
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
tree=$out/sigmatrix-0.1
rm -rf "$tree"
mkdir "$tree"
cp -r Makefile README.md run.sh .clang-format harness cases shells links completions docs tests "$tree/"
mkdir "$tree/results"
cp results/*.json "$tree/results/"
cp -r packaging/debian "$tree/debian"
cd "$tree"
dpkg-buildpackage -us -uc --jobs=auto
