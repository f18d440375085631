#!/bin/sh
# Is every line of the coverage table about a case and a variant that are there?
#   tests/coverage.sh SIGMATRIX docs/coverage.tsv
# A line is QUESTION, CASE and VARIANT with tabs between them, or QUESTION, '-' and a reason. The
# variant is '-' where the case has none. A question may have several lines; all are sorted.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$1" list cases >"$log" || exit
"$1" list cases --links >>"$log" || exit
LC_ALL=C awk '
function complain(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text
	status = 1
}
# "NAME  TITLE  [VARIANT VARIANT ...]"; without the last part the case has no variants.
NR == FNR {
	known[$1] = 1
	n = split($0, part, /  \[/)
	if (n > 1 && sub(/\]$/, "", part[n])) {
		variants[$1] = part[n]
		n = split(part[n], word, / /)
		for (i = 1; i <= n; i++)
			variant[$1, word[i]] = 1
	}
	next
}
/^#/ { next }
split($0, field, /\t/) != 3 {
	complain("this is not: question, tab, case, tab, variant")
	next
}
{
	if (field[1] !~ /^[a-z0-9]+\/[a-z0-9-]+$/)
		complain("\"" field[1] "\" is no question: GROUP/NAME")
	if ($0 == last)
		complain("this line is there twice")
	else if ($0 < last)
		complain("this line belongs before the one above")
	last = $0
}
field[2] == "-" {
	if (length(field[3]) < 10)
		complain("a question without a case needs a reason")
	next
}
!(field[2] in known) {
	complain("there is no case \"" field[2] "\"")
	next
}
field[2] in variants {
	if (!((field[2], field[3]) in variant))
		complain(field[2] " has no variant \"" field[3] "\" but: " variants[field[2]])
	next
}
field[3] != "-" { complain(field[2] " has no variants: write \"-\"") }
END { exit status }
' "$log" "$2"
