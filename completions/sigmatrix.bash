# bash completion for sigmatrix: commands, options and their words come from --help, cases and
# shells from 'sigmatrix list', so that they are those of the program that is installed.

# What may follow an option, one word a line; status 1: file names.
_sigmatrix_values() {
	local command=$1 option=$2
	case $option in
	--case) { sigmatrix list cases; sigmatrix list cases --links; } 2>/dev/null | sed 's/ .*//' ;;
	--shell) sigmatrix list shells 2>/dev/null | sed 's/ .*//' ;;
	--link) sigmatrix list links 2>/dev/null | sed 's/ .*//' ;;
	--variant) { sigmatrix list cases; sigmatrix list cases --links; } 2>/dev/null | sed -n 's/.*\[\(.*\)\]$/\1/p' | tr ' ' '\n' | sort -u ;;
	--format | --where)
		case $command in
		chain | flow | predict) _sigmatrix_words "$command" "$option" ;;
		*) sigmatrix report --help | _sigmatrix_section "$option" ;;
		esac
		;;
	--chart) sigmatrix flow --help | _sigmatrix_section "$option" ;;
	--output | --cases | --results | --links-results | --guide) return 1 ;;
	*) _sigmatrix_words "$command" "$option" ;;
	esac
}

# The words that the help of a command has behind the option.
_sigmatrix_words() {
	sigmatrix "$1" --help | sed -n "s/^ *$2 \\([a-z]*|[a-z|-]*\\).*/\\1/p" | tr '|' '\n'
}

# The words of a section of the help.
_sigmatrix_section() {
	case $1 in
	--format) sed -n '/^Formats:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p' ;;
	--chart) sed -n '/^Charts:/,/^$/s/^  \([a-z0-9-]*\) .*/\1/p' ;;
	--where) sed -n '/^Conditions:/,/^$/s/^  \([a-z]*=\{0,1\}\).*/\1/p' ;;
	esac
}

_sigmatrix() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
	local command=${COMP_WORDS[1]}
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		words=$(sigmatrix --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	elif [[ $before == --* ]] && words=$(_sigmatrix_values "$command" "$before") && [[ $words ]]; then
		:
	elif [[ $before == --output || $before == --cases || $before == --results || $before == --links-results || $before == --guide ]]; then
		compopt -o default
		return
	elif [[ $word == -* ]]; then
		words=$(sigmatrix "$command" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)
	elif [[ $command == explain ]]; then
		words=$(_sigmatrix_values explain --case)
	elif [[ $command == list ]]; then
		words='cases shells links'
	else
		compopt -o default
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}

complete -F _sigmatrix sigmatrix
