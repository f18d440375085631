#!/bin/sh
# Breaks the source of a shell, a line at a time and whichever comes, and counts how much of that the
# suite sees. Unlike the mutants of run.sh these faults were thought of by nobody.
set -eu
cd "$(dirname "$0")/../.."

usage() {
	cat <<'HELP'
Usage: tests/mutants/source.sh [OPTION OF sigmatrix run...]
       tests/mutants/source.sh --table      what the last run found, again
       tests/mutants/source.sh --show N     the fault N, and which cells saw it

Fetches the source of Debian's dash or mksh, makes a shell of each of COUNT faults drawn by lot (a
statement left out, a condition turned round), and plays the cases on it. A fault is

  no-build   when it does not compile, or the same program comes of it
  dead       when the shell does not even run tests/mutants/smoke.sh as the healthy one does
  detected   when a cell's outcome is not the healthy shell's
  doubted    when all that differs is unknown, a timeout or n/a
  survived   otherwise: it is equivalent, or the suite is blind to it

From the environment:

  OF=dash                              the shell: dash, mksh
  FILES='jobs trap eval main'          the files that are broken (of mksh: jobs histrap main exec)
  COUNT=200 SEED=1                     how many faults, and which lot
  SOURCE=DIR                           the shell's source, built there; fetched otherwise
  BUILD=build                          where sigmatrix and actor are
  OUT=build/mutants-source-dash        what was measured is kept here
  RESUME=yes                           what is there already is not done again
  FACTOR=0.2                           how much of its time a cell gets, since what is broken hangs often
HELP
}

build=${BUILD:-build}
of=${OF:-dash}
out=${OUT:-$build/mutants-source-$of}
here=$(pwd)/tests/mutants
# shellcheck source=tests/mutants/common.sh
. "$here/common.sh"

# What differs between the shells: where the files are, which are broken, how the shell is built, and
# how it is built again when one file ($1) has changed.
case $of in
dash)
	where=src
	files='jobs trap eval main'
	build_all() {
		./configure --disable-fnmatch --disable-lineno --disable-glob CFLAGS='-O1 -g0' && make
	}
	build_again() {
		make -C src dash
	}
	;;
mksh)
	where=.
	files='jobs histrap main exec'
	build_all() { # MKSH_BUILDMEAT: Debian's sources ask for it
		CC=cc CFLAGS='-O1 -g0' CPPFLAGS=-DMKSH_BUILDMEAT sh ./Build.sh
	}
	build_again() {
		grep -e "-c $1.c" Rebuild.sh | sh && sed -n '/^tcfn=/,$p' Rebuild.sh | sh
	}
	;;
*)
	echo "source.sh: OF=$of: the sources of dash and mksh can be broken" >&2
	exit 2
	;;
esac

# The package's source, without touching the machine's lists of packages.
fetch() {
	[ ! -f "$out/source/$where/jobs.c" ] || return 0
	# shellcheck source=/dev/null
	. /etc/os-release
	mkdir -p "$out/apt/lists/partial" "$out/source" # what is in lists and is none, apt removes
	echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"http://deb.debian.org/debian $VERSION_CODENAME main" >"$out/apt/sources.list"
	set -- -qq -o "Dir::Etc::sourcelist=$out/apt/sources.list" -o Dir::Etc::sourceparts=- \
		-o "Dir::State::lists=$out/apt/lists" -o APT::Sandbox::User=
	apt-get "$@" update
	(cd "$out/apt" && apt-get "$@" source --only-source "$of")
	mv "$out/apt/$of"-*/* "$out/source/"
}

build_healthy() {
	source=${SOURCE:-$out/source}
	[ -n "${SOURCE:-}" ] || fetch
	[ -f "$source/$where/$of" ] || (cd "$source" && build_all) >"$out/make.log" 2>&1 || {
		echo "source.sh: $of does not build; $out/make.log says why" >&2
		exit 1
	}
}

# The lot: N, file, line, how, text.
draw() {
	for file in ${FILES:-$files}; do
		awk -f "$here/faults.awk" "$source/$where/$file.c" | sed "s/^/$file\t/"
	done | awk -v seed="${SEED:-1}" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' |
		sort -n | head -n "${COUNT:-200}" | cut -f 2- | sort -t '	' -k 1,1 -k 2,2n |
		awk '{ printf "%03d\t%s\n", NR, $0 }'
}

# break_source FILE LINE HOW: the file with that fault.
break_source() {
	case $3 in
	delete) edit='s/[^ \t].*/;/' ;;
	negate) edit='s/if (\(.*\))/if (!(\1))/' ;;
	esac
	sed "$2$edit" "$source/$where/$1.c"
}

# make_shell N FILE LINE HOW: prints what came of it.
make_shell() {
	dir=$tree/bin/$1
	mkdir -p "$dir"
	rm -rf "$out/work"
	cp -a "$source" "$out/work" # with times, or make does it all again
	break_source "$2" "$3" "$4" >"$out/work/$where/$2.c"
	if ! (cd "$out/work" && build_again "$2") >"$out/log" 2>&1 ||
		cmp -s "$out/work/$where/$of" "$source/$where/$of"; then
		echo no-build
		return
	fi
	cp "$out/work/$where/$of" "$dir/$of"
	# In a session of its own: what is broken may kill its group or wait for ever.
	if ! setsid -w timeout -s KILL 10 "$dir/$of" "$here/smoke.sh" >"$out/smoke" 2>&1 </dev/null ||
		! cmp -s "$out/smoke" "$out/smoke.healthy"; then
		echo dead
		return
	fi
	shell_file "$1" "$dir/$of"
	echo alive
}

shell_file() {
	cat >"$tree/shells/$of-$1.shell" <<SHELL
like:     $of
title:    $of with the fault $1
order:    90
program:  $2
SHELL
}

make_shells() {
	make_tree
	shell_file healthy "$source/$where/$of"
	"$source/$where/$of" "$here/smoke.sh" >"$out/smoke.healthy" 2>&1 </dev/null
	[ -f "$out/faults.tsv" ] || draw >"$out/faults.tsv"
	touch "$out/made.tsv"
	while IFS='	' read -r n file line how _; do
		! grep -q "^$n	" "$out/made.tsv" || continue
		printf '%s\t%s\n' "$n" "$(make_shell "$n" "$file" "$line" "$how" </dev/null)" >>"$out/made.tsv"
	done <"$out/faults.tsv"
}

# play STAGE N... -- OPTION...: which cells of these differ from the healthy shell's, in N.STAGE
play() {
	stage=$1
	shift
	shells=
	while [ "$1" != -- ]; do
		shells="$shells $1"
		shift
	done
	shift
	# shellcheck disable=SC2046,SC2086  # words
	cells $(printf " --shell $of-%s" healthy $shells) "$@" >"$out/batch.tsv"
	for n in $shells; do
		awk -F '\t' -v shell="$of-$n" -v sound="$of-healthy" '
			NF == 1 { wavers[$1] = 1 }
			$2 == sound { healthy[$1] = $3 }
			$2 == shell { broken[$1] = $3 }
			END {
				for (cell in broken)
					if (broken[cell] != healthy[cell] && !(cell in wavers))
						print cell "\t" healthy[cell] "\t" broken[cell]
			}' "$out/wavers" "$out/batch.tsv" | LC_ALL=C sort >"$out/cells/$n.$stage.new"
		mv "$out/cells/$n.$stage.new" "$out/cells/$n.$stage"
	done
	echo "source.sh: played$shells" >&2
}

# What the healthy shell does not do in every play tells nothing.
waver() {
	[ ! -f "$out/wavers" ] || return 0
	cells --timeout-factor 1 --repeat 3 --shell "$of" --shell "$of-healthy" "$@" >"$out/batch.tsv"
	awk -F '\t' '$1 in first && first[$1] != $3 { print $1 } { first[$1] = $3 }' \
		"$out/batch.tsv" >"$out/wavers"
}

# detected N: whether something but a doubt of the player's differs.
detected() {
	awk -F '\t' -v doubt="^(n/a|$doubts)$" '
		$2 !~ doubt && $3 !~ doubt { found = 1 }
		END { exit !found }' "$out/cells/$1".* 2>/dev/null
}

# in_batches STAGE OPTION...: plays those that nothing has detected yet.
in_batches() {
	stage=$1
	shift
	batch=
	while read -r n made; do
		[ "$made" = alive ] || continue
		! detected "$n" || continue
		[ ! -f "$out/cells/$n.$stage" ] || continue
		batch="$batch $n"
		[ "$(echo "$batch" | wc -w)" -ge 16 ] || continue
		# shellcheck disable=SC2086  # words
		play "$stage" $batch -- "$@" </dev/null
		batch=
	done <"$out/made.tsv"
	# shellcheck disable=SC2086  # words
	[ -z "$batch" ] || play "$stage" $batch -- "$@"
}

table() {
	while IFS='	' read -r n file line how text; do
		made=$(awk -v n="$n" '$1 == n { print $2 }' "$out/made.tsv")
		if [ "$made" = alive ]; then
			made=survived
			[ -z "$(cat "$out/cells/$n".* 2>/dev/null)" ] || made=doubted
			! detected "$n" || made=detected
		fi
		printf '%s\t%s\t%s.c:%s\t%s\t%s\n' "$made" "$n" "$file" "$line" "$how" \
			"$(echo "$text" | sed 's/^[ \t]*//')"
	done <"$out/faults.tsv" | tee "$out/table.tsv" | sort
	cut -f 1 "$out/table.tsv" | sort | uniq -c
}

case ${1:-} in
--help | -h) usage ;;
--table) table ;;
--show)
	grep "^$2	" "$out/faults.tsv"
	cat "$out/cells/$2".* 2>/dev/null
	;;
*)
	[ -n "${RESUME:-}" ] || rm -rf "$out/cells" "$out/tree" "$out"/*.tsv "$out/wavers"
	mkdir -p "$out"
	build_healthy
	make_shells
	waver --case "$calm" "$@"
	# A tenth of the cases sees many faults.
	in_batches few --case "${calm}i*-*s" "$@"
	in_batches all --case "$calm" "$@"
	table
	;;
esac
