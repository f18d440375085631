#!/bin/sh
# Speed, in one run on one machine: compare the ratios, not the numbers.
set -eu
cd "$(dirname "$0")/.."
sigmatrix=build/sigmatrix
repeat=${REPEAT:-200}
script=forwarding/group-child-dies
interactive=forwarding/ctrl-c-interactive

now() {
	date +%s%N
}

# The floor: starting that shell, and nothing else, one after the other.
floor() {
	begin=$(now)
	i=0
	while [ $i -lt "$repeat" ]; do
		"$@" -c :
		i=$((i + 1))
	done
	echo $((repeat * 1000000000 / ($(now) - begin)))
}

# cells SHELL CASE TRACE JOBS: cells a second.
cells() {
	$sigmatrix run --shell "$1" --case "$2" --trace "$3" --jobs "$4" --repeat "$repeat" \
		2>&1 >/dev/null | sed -n 's/.*(\([0-9]*\) a second).*/\1/p'
}

naive() {
	count=5
	begin=$(now)
	expect -f tests/naive.exp $count "$@" >/dev/null
	echo $((count * 1000000000 / ($(now) - begin))).$((count * 10000000000 / ($(now) - begin) % 10))
}

echo "A second, on $(nproc) processors; $repeat cells each. script: $script, key: $interactive"
printf '%-10s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n' shell floor script script key key key key key expect
printf '%-10s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n' '' '-c :' off,w4 trace,w4 off,w1 trace,w1 \
	trace,w2 off,w4 trace,w4 '+sleeps'
for shell in dash bash ash zsh; do
	case $shell in
	dash) set -- dash -i ;;
	bash) set -- bash --norc --noprofile -i ;;
	ash) set -- busybox ash -i ;;
	zsh) set -- zsh -f -i ;;
	esac
	case $shell in
	ash) start=$(floor busybox ash) ;;
	zsh) start=$(floor zsh -f) ;;
	*) start=$(floor $shell) ;;
	esac
	printf '%-10s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n' $shell "$start" \
		"$(cells $shell $script off 4)" "$(cells $shell $script on 4)" \
		"$(cells $shell $interactive off 1)" "$(cells $shell $interactive on 1)" \
		"$(cells $shell $interactive on 2)" \
		"$(cells $shell $interactive off 4)" "$(cells $shell $interactive on 4)" \
		"$(PS1='$ ' naive "$@")"
done
echo
echo "The whole matrix, and the most memory one process of it used:"
/usr/bin/time -f '%M KiB' $sigmatrix run 2>&1 >/dev/null | tail -2
