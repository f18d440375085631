#!/bin/sh
# Speed, in one run on one machine: compare the ratios, not the numbers. Called by 'make bench'.
#   tests/bench/bench.sh BUILD [SHELL...]     all shells of shells/ that are installed by default
#   COUNT=100    plays of each scene
set -eu
cd "$(dirname "$0")/../.."
build=$1
shift
sigmatrix=$build/sigmatrix
count=${COUNT:-100}
script=forwarding/group-child-dies
key=forwarding/ctrl-c-interactive
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export PS1='$ ' TERM=dumb LANG=C HOME="$work"

# What it is at, on one line of the terminal.
say() { printf '\r\033[K%s' "$1" >&2; }

# field NAME SHELL [DEFAULT]: of a shell file, or of the one it is like.
field() {
	file=shells/$2.shell
	if grep -q "^$1:" "$file"; then
		sed -n "s/^$1: *//p" "$file"
	elif grep -q '^like:' "$file"; then
		field "$1" "$(sed -n 's/^like: *//p' "$file")" "${3-}"
	else
		echo "${3-}"
	fi
}

# The program, by the name it is to be called by; nothing where it is missing.
program() {
	path=$(command -v "$(field program "$1")") || return 0
	name=$(field argv0 "$1")
	[ -n "$name" ] || { echo "$path" && return; }
	mkdir -p "$work/$1"
	ln -sf "$path" "$work/$1/$name"
	echo "$work/$1/$name"
}

# floor_of MODE SHELL: the shell's own start and end, that many a second.
floor_of() {
	path=$(program "$2")
	# shellcheck disable=SC2046
	case $1 in
	script) "$build/start" "$count" "$path" "${path##*/}" $(field options "$2") \
		$(field command "$2" -c) : ;;
	key) "$build/start" -t "$count" "$path" "${path##*/}" $(field options "$2") \
		$(field interactive "$2" -i) ;;
	esac
}

# cells SHELL CASE TRACE JOBS: plays a second; - where none is played: all are n/a, or the machine
# does not let us trace. A case of several variants is played that often each.
cells() {
	if ! $sigmatrix run --quiet --format json --shell "$1" --case "$2" --trace "$3" |
		jq -e 'any(.cells[]; .outcome != "n/a")' >/dev/null; then
		echo -
		return
	fi
	$sigmatrix run --shell "$1" --case "$2" --trace "$3" --jobs "$4" --repeat "$count" \
		2>&1 >/dev/null | sed -n 's/.*(\([0-9]*\) a second).*/\1/p'
}

# by_expect SCRIPT COUNT SHELL: scenes a second; - for a shell that speaks another language, or where a
# scene went wrong.
by_expect() {
	[ -z "$(field dialect "$3")" ] || { echo - && return; }
	begin=$(date +%s%N)
	path=$(program "$3")
	# shellcheck disable=SC2046
	good=$(timeout -k 1 20 expect -f "tests/bench/$1.exp" "$2" "$path" $(field options "$3") \
		$(field interactive "$3" -i) 2>/dev/null) || good=0
	[ "$good" = "$2" ] || { echo - && return; }
	echo "$2 $begin $(date +%s%N)" | awk '{ printf "%.1f\n", $1 * 1e9 / ($3 - $2) }'
}

# What one group adds: cells, processor time for each, memory. GNU time counts all processes.
grow() {
	/usr/bin/time -o "$work/time" -f '%e %U %S %M' "$sigmatrix" run --quiet --format json \
		--shell dash --shell bash --shell zsh "$@" >"$work/results"
	cells=$(jq '.cells | length' "$work/results")
	awk -v n="$cells" '{ printf "%8d %8.1f %12.2f %12d\n", n, $1, ($2 + $3) * 1000 / n, $4 }' \
		"$work/time"
}

# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(for file in shells/*.shell; do basename "$file" .shell; done)
shells=
for shell; do
	[ -f "shells/$shell.shell" ] || { echo "bench: there is no shells/$shell.shell" >&2; exit 2; }
	[ -n "$(program "$shell")" ] && shells="$shells $shell"
done

echo "A second, on $(nproc) processors with a load of $(cut -d' ' -f1 /proc/loadavg); $count plays each."
echo "script: $script; key: $key. floor: the shell's own start and end."
echo
echo '1. One worker: the shell alone, and a cell'
printf '%-11s %9s %9s %9s   %9s %9s %9s\n' '' script script script key key key
printf '%-11s %9s %9s %9s   %9s %9s %9s\n' shell floor untraced traced floor untraced traced
for shell in $shells; do
	say "$shell, one worker"
	printf '%-11s %9s %9s %9s   %9s %9s %9s\n' "$shell" \
		"$(floor_of script "$shell" | tee "$work/$shell.script")" \
		"$(cells "$shell" $script off 1)" "$(cells "$shell" $script on 1)" \
		"$(floor_of key "$shell" | tee "$work/$shell.key")" \
		"$(cells "$shell" $key off 1)" "$(cells "$shell" $key on 1)"
done

echo
echo '2. The key scene, traced, by workers; and by Expect, which learns the status and nothing else:'
echo '   one after the other, with patterns, and with the sleeps that people put there'
printf '%-11s %9s %9s %9s %9s   %9s %9s\n' shell 1 2 4 8 patterns sleeps
for shell in $shells; do
	say "$shell, workers and Expect"
	printf '%-11s %9s %9s %9s %9s   %9s %9s\n' "$shell" "$(cells "$shell" $key on 1)" \
		"$(cells "$shell" $key on 2)" "$(cells "$shell" $key on 4)" \
		"$(cells "$shell" $key on 8)" \
		"$(by_expect plain 20 "$shell")" "$(by_expect sleeps 3 "$shell")"
done

echo
echo '3. Growth (dash, bash, zsh): processor time and the most memory of one process'
printf '%8s %8s %12s %12s\n' cells seconds ms/cell KiB
say growth
grow --case groups
grow --case groups --case jobs --case traps
grow --case groups --case jobs --case traps --case terminal --case statuses --case interactive
grow

echo
echo '4. The whole matrix, and the floor of starting each shell once for each of its cells'
say 'the whole matrix'
set --
for shell in $shells; do set -- "$@" --shell "$shell"; done
/usr/bin/time -o "$work/time" -f '%e %U %S %M' "$sigmatrix" run --quiet --format json "$@" \
	>"$work/results" || [ $? -eq 3 ]
say ''
# A cell that could not be measured is no reason to lose the numbers, but is named.
jq -r '.cells[] | select(.outcome | IN("unknown", "broken", "disputed", "timeout")) |
	"not measured: \(.case) \(.variant) \(.shell): \(.outcome), \(.reason)"' "$work/results"
# An interactive cell starts an interactive shell. n/a cells start nothing.
for file in cases/*/*.case; do
	name=${file#cases/}
	case $(sed -n 's/^mode: *//p' "$file") in
	interactive) echo "${name%.case}	key" ;;
	*) echo "${name%.case}	script" ;;
	esac
done | jq -R 'split("\t") | {(.[0]): .[1]}' | jq -s add >"$work/modes"
for shell in $shells; do
	for mode in script key; do
		jq -r --arg shell "$shell" --arg mode "$mode" --slurpfile modes "$work/modes" '
			[.cells[] | select(.shell == $shell and .outcome != "n/a" and
			($modes[0][.case] == $mode))] | length' "$work/results" |
			awk -v rate="$(cat "$work/$shell.$mode")" '{ print $1 / rate, $1 }'
	done
done | awk -v time="$(cat "$work/time")" -v processors="$(nproc)" '
	{ floor += $1; cells += $2 }
	END {
		split(time, t, " ")
		printf "%d cells in %.1f s, processor time %.1f s (%.2f ms a cell), %d KiB\n",
			cells, t[1], t[2] + t[3], (t[2] + t[3]) * 1000 / cells, t[4]
		printf "floor: %.1f s one after the other, %.1f s on %d processors: %.1f times the floor\n",
			floor, floor / processors, processors, t[1] / (floor / processors)
	}'
