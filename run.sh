#!/bin/sh
# Sets up and runs the main job: installs what is missing, builds, plays all cases on all shells and
# links found, prints the matrices and writes results/.
set -eu
cd "$(dirname "$0")"

build_packages="gcc libc6-dev make pkg-config libseccomp-dev libjansson-dev libtalloc-dev libmd-dev"
# A quarter of a gigabyte, and a daemon that changes the machine's network wherever it is started.
docker_packages="docker.io docker-compose"
subject_packages=$(sed -n -e '/^package:[[:blank:]]*docker[.-]/d' -e 's/^package:[[:blank:]]*//p' \
	shells/*.shell links/*.link | sort -u)
test_packages="libcmocka-dev bats bats-assert bats-file bats-support expect shellcheck mandoc
	clang clang-format debhelper dpkg-dev fakeroot jq python3-jsonschema python3-yaml procps util-linux bsdutils
	chromium libxml2-utils cmark-gfm graphviz tini"
# A nodejs from elsewhere brings its own npm, which Debian's package would collide with.
if command -v npm >/dev/null; then
	subject_packages=$(echo "$subject_packages" | grep -vx npm)
else
	test_packages="$test_packages nodejs npm"
fi

# The server that the ssh links want. Where services are started, installing it would start one.
if [ -x /usr/sbin/policy-rc.d ] && ! /usr/sbin/policy-rc.d ssh start >/dev/null 2>&1; then
	subject_packages="$subject_packages openssh-server"
fi

usage() {
	cat <<'HELP'
Usage: ./run.sh [--install-only] [--for-tests] [--with-docker] [--no-install]
                [-- OPTION OF sigmatrix run...]

Installs what is missing (Debian and Ubuntu: apt, with sudo where needed; elsewhere it names the
packages and goes on), builds, plays all cases on all shells found, then those for links on all
links, prints both matrices and writes results/matrix.json, results/MATRIX.md, results/links.json
and results/LINKS.md.

  ./run.sh                              everything
  ./run.sh -- --case 'exec/*'           some of it (results/matrix.json then holds only that)
  ./run.sh -- --links                   links only
  ./run.sh --no-install                 only with what is here
  ./run.sh --with-docker                everything, and Docker is installed too (250 MB); its daemon
                                        is not started, scenes start one of their own
  ./run.sh --install-only --for-tests   what 'make check' needs, and nothing else
HELP
}

say() {
	echo "run.sh: $*" >&2
}

# Prints those of the packages given that are not installed.
missing_packages() {
	for package; do
		state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) || state=
		case $state in
		*" installed") ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# What it installs starts no service: by systemd's word for it, and by that of System V's init.
apt_install() {
	$root env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 \
		apt-get install -y -qq --no-install-recommends "$@" >&2
}

install_missing() {
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		say "this is no Debian or Ubuntu; needed are (under its names there): $*"
		return 0
	fi
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	root=
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			say "not root, and no sudo: please have these installed: $missing"
			return 0
		fi
		root=sudo
	fi
	say "installing: $missing"
	$root apt-get update -qq >&2 || say "apt-get update failed; trying with the old lists"
	# shellcheck disable=SC2086  # the list is words
	apt_install $missing && return 0
	# One that this release does not have must not keep the others away.
	for package in $missing; do
		apt_install "$package" || say "no $package here; going on without"
	done
}

# What drives the browser; the browser itself is Debian's.
install_node_modules() {
	[ -d tests/browser/node_modules/playwright-core ] && return 0
	command -v npm >/dev/null || return 0
	(cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund --silent >&2) ||
		say "npm ci in tests/browser failed; tests/html.bats cannot run"
}

install=yes run=yes tests=no packages="$build_packages $subject_packages"
while [ $# -gt 0 ]; do
	case $1 in
	--install-only) run=no ;;
	--for-tests) tests=yes packages="$packages $test_packages" ;;
	--with-docker) packages="$packages $docker_packages" ;;
	--no-install) install=no ;;
	--help | -h)
		usage
		exit 0
		;;
	--)
		shift
		break
		;;
	*)
		say "unknown option $1 (options of 'sigmatrix run' come after --)"
		usage >&2
		exit 2
		;;
	esac
	shift
done

# shellcheck disable=SC2086  # the list is words
[ "$install" = no ] || install_missing $packages
[ "$install" = no ] || [ "$tests" = no ] || install_node_modules
[ "$run" = yes ] || exit 0

make --silent all >&2
mkdir -p results

# play NAME REPORT OPTION...: into results/NAME.json and results/REPORT.md.
play() {
	name=$1 report=$2
	shift 2
	played=0
	build/sigmatrix run --output "results/$name.json" "$@" || played=$?
	# 3: measured, but some cells are in doubt; anything else has left no results.
	case $played in
	0 | 3) build/sigmatrix report "results/$name.json" --format markdown --output "results/$report.md" ;;
	*) exit "$played" ;;
	esac
	[ "$played" -eq 0 ] || status=$played
	say "written: results/$name.json, results/$report.md"
}

# Some of it is of shells or of links; no options: both.
status=0
case " $* " in
*" --link"*) play links LINKS "$@" ;;
*) play matrix MATRIX "$@" ;;
esac
[ $# -gt 0 ] || play links LINKS --links
say "why a cell says what it says:"
say "    build/sigmatrix explain exec/simple-command --shell bash"
exit "$status"
