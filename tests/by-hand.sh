#!/bin/sh
# Has every shell that violates the standard in a case been tried there by hand as well?
#   tests/by-hand.sh SIGMATRIX docs/by-hand.tsv results/matrix.json
# A line is CASE, SHELLS, VARIANTS, what was done and what was seen, with tabs between them; shells
# and variants with blanks, '-' where the case has none. A case may have several lines; all are sorted.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT

{
	jq -r '[.cells[] | select(.verdict == "violates") | "violates \(.case) \(.shell)"] | unique[]' \
		"$3" && "$1" list shells | sed 's/^/shell /' && "$1" list cases | sed 's/^/case /'
} >"$log" || exit
LC_ALL=C awk -v table="$2" '
function complain(text) {
	printf "%s:%d: %s\n", table, FNR, text
	status = 1
}
# "case NAME  TITLE  [VARIANT VARIANT ...]"; without the last part the case has no variants.
NR == FNR && $1 == "case" {
	known[$2] = 1
	variant[$2, "-"] = 1
	n = split($0, part, /  \[/)
	if (n > 1 && sub(/\]$/, "", part[n])) {
		delete variant[$2, "-"]
		n = split(part[n], word, / /)
		for (i = 1; i <= n; i++)
			variant[$2, word[i]] = 1
	}
}
NR == FNR && $1 == "shell" { shells[$2] = 1 }
NR == FNR && $1 == "violates" { who[++violations] = $2 SUBSEP $3 }
NR == FNR || /^#/ { next }
split($0, field, /\t/) != 5 {
	complain("this is not: case, tab, shells, tab, variants, tab, done, tab, seen")
	next
}
{
	for (i = 1; i <= 5; i++)
		if (field[i] ~ /^ *$/)
			complain("column " i " is empty")
	if ($0 == last)
		complain("this line is there twice")
	else if ($0 < last)
		complain("this line belongs before the one above")
	last = $0
	n = split(field[2], name, / +/)
	for (i = 1; i <= n; i++) {
		if (!(name[i] in shells))
			complain("there is no shell \"" name[i] "\"")
		tried[field[1], name[i]] = 1
	}
}
!(field[1] in known) {
	complain("there is no case \"" field[1] "\"")
	next
}
{
	n = split(field[3], name, / +/)
	for (i = 1; i <= n; i++)
		if (!((field[1], name[i]) in variant))
			complain(field[1] " has no variant \"" name[i] "\"")
}
END {
	for (i = 1; i <= violations; i++) {
		split(who[i], part, SUBSEP)
		# A case may have gone since these results.
		if ((part[1] in known) && !(who[i] in tried)) {
			printf "%s: no line says what %s does in %s by hand\n", table, part[2], part[1]
			status = 1
		}
	}
	exit status
}
' "$log" "$2"
