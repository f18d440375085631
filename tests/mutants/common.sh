# What run.sh and source.sh share. They set $build, and $out, where what was measured is kept.
# shellcheck shell=sh disable=SC2154,SC2034

# The shell files of broken shells go into a tree of their own, beside the program that looks for them there.
out=$(readlink -m "$out")
tree=$out/tree
make_tree() {
	mkdir -p "$tree/build" "$tree/shells" "$out/cells"
	cp "$build/sigmatrix" "$build/actor" "$tree/build/"
	cp shells/*.shell "$tree/shells/"
	ln -sfn "$(pwd)/cases" "$tree/cases"
}

# Outcomes that tell of the player's doubts and not of the shell.
doubts='unknown|timeout|disputed|broken|unstable'

# The cases but for the storms, which are races and tell nothing here (sigmatrix's --case).
calm='[!r]*/*'

# What jq prints of a cell.
cell='[.case + (if .variant == "" then "" else ":" + .variant end), .shell, .outcome] | @tsv'

# cells OPTION...: plays; prints a line for each cell: case[:variant], shell, outcome.
cells() {
	rm -f "$out"/run.* # what an interrupted run may have left
	status=0
	"$tree/build/sigmatrix" run --quiet --format json --timeout-factor "${FACTOR:-0.2}" \
		--output "$out/run.json" "$@" >/dev/null || status=$?
	# 3: some cells are in doubt, as is to be expected of broken shells.
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"
	jq -r ".cells[] | $cell" "$out/run.json"
}
