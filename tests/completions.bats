#!/usr/bin/env bats
# Completions in the shells themselves: what a user gets who presses Tab.

load fixtures/helper

setup() {
	use_own_tmpdir
	PATH=$BUILD:$PATH
	cd "$ROOT" || return
}

# What each shell offers for the words given; the last is the one being typed.
in_bash() {
	bash --norc -c '
		. completions/sigmatrix.bash
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_sigmatrix
		printf "%s\n" "${COMPREPLY[@]}"' bash sigmatrix "$@"
}

in_fish() {
	command -v fish >/dev/null || skip "no fish here"
	fish --no-config -c "source completions/sigmatrix.fish; complete -C 'sigmatrix $*'" | cut -f1
}

# zsh completes only at its line editor: Tab is pressed on a terminal. It completes the whole word
# where there is one possibility.
in_zsh() {
	command -v zsh >/dev/null || skip "no zsh here"
	HOME=$WORK run timeout 60 expect -f - "$ROOT" "sigmatrix $*" <<-'EXPECT'
		log_user 0
		set timeout 30
		lassign $argv root line
		set env(PS1) "> "
		set env(TERM) "vt100"
		spawn -noecho zsh -f -i
		expect "> "
		send "fpath=($root/completions \$fpath); autoload -Uz compinit; compinit -u -d \$HOME/dump; echo rea''dy\r"
		expect "ready\r"
		send "$line\t; echo don''e\001: \r"
		expect -re {: (sigmatrix[^;\r]*);.*done} { puts $expect_out(1,string) }
		send "exit\r"
		expect eof
	EXPECT
}

@test "bash completes commands, options, their words, cases and shells" {
	assert_equal "$(in_bash exp)" explain
	assert_equal "$(in_bash run --jo)" --jobs
	assert_equal "$(in_bash run --trace o)" "$(printf 'on\noff')"
	assert_equal "$(in_bash run --case exec/simple-c)" exec/simple-command
	assert_equal "$(in_bash explain exec/simple-c)" exec/simple-command
	assert_equal "$(in_bash run --shell bash-p)" bash-posix
	assert_equal "$(in_bash report x.json --format conf)" conformance
	assert_equal "$(in_bash list --where dif)" differ
	assert_equal "$(in_bash list ca)" cases
	assert_equal "$(in_bash list li)" links
	assert_equal "$(in_bash run --link ni)" nice
	assert_equal "$(in_bash run --links --ca)" "$(printf -- '--case\n--cases')"
	assert_equal "$(in_bash chain --profile dock)" docker-stop
	assert_equal "$(in_bash chain --format d)" dot
	assert_equal "$(in_bash predict --format j)" json
	assert_equal "$(in_bash predict --to g)" group
	assert_equal "$(in_bash flow --format m)" mermaid
	assert_equal "$(in_bash flow --chart cont)" container
}

@test "every format and every condition of --help is offered by bash" {
	local words
	words=$("$SIGMATRIX" report --help | sed -n '/^Formats:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p')
	assert_equal "$(in_bash report x.json --format '')" "$words"
	[ "$(wc -w <<<"$words")" -ge 4 ]
}

@test "fish completes commands, options, their words, cases and shells" {
	assert_equal "$(in_fish exp)" explain
	assert_equal "$(in_fish run --jo)" --jobs
	assert_equal "$(in_fish run --case exec/simple-c)" exec/simple-command
	assert_equal "$(in_fish run --shell bash-p)" bash-posix
	assert_equal "$(in_fish run --link ni)" nice
	assert_equal "$(in_fish report x.json --format conf)" conformance
	assert_equal "$(in_fish flow --format m)" mermaid
	assert_equal "$(in_fish flow --chart cont)" container
}

@test "zsh completes commands, cases and shells" {
	in_zsh exp
	assert_output --partial "sigmatrix explain"
	in_zsh run --case exec/simple-c
	assert_output --partial "--case exec/simple-command"
	in_zsh run --shell bash-p
	assert_output --partial "--shell bash-posix"
	in_zsh run --link ni
	assert_output --partial "--link nice"
	in_zsh report x.json --format conf
	assert_output --partial "--format conformance"
}
