# The table of run.sh as Markdown, a table for each group of mutants.
#   awk -f markdown.awk LIST TABLE
# A cell: how many of the suite's cells differ; "n/a": never takes that path; "**0**": not detected.
BEGIN { FS = "\t" }
FNR == NR {
	order[++mutants] = $1
	group[$1] = $2
	duty[$1] = $3
	next
}
{
	if (!($2 in known)) {
		known[$2] = 1
		shell[++shells] = $2
	}
	said[$1, $2] = $3 > 0 ? $3 : $5 == 0 ? "n/a" : "**0**"
	n = split($6, word, " ")
	for (i = 1; $3 > 0 && i <= n && i <= 4; i++)
		if (word[i] ~ /\// && !(($1, word[i]) in listed)) {
			listed[$1, word[i]] = 1
			if (++cases[$1] <= 2)
				names[$1] = names[$1] (cases[$1] > 1 ? ", " : "") word[i]
		}
}
END {
	for (m = 1; m <= mutants; m++) {
		name = order[m]
		if (group[name] != last) {
			last = group[name]
			printf "\n### %s\n\n| mutant | the duty, and how it is broken |", last
			for (s = 1; s <= shells; s++)
				printf " %s |", shell[s]
			printf " seen, for example, by |\n|---|---|"
			for (s = 1; s <= shells; s++)
				printf "--:|"
			printf "---|\n"
		}
		printf "| `%s` | %s |", name, duty[name]
		for (s = 1; s <= shells; s++)
			printf " %s |", (name, shell[s]) in said ? said[name, shell[s]] : "?"
		printf " %s |\n", names[name]
	}
}
