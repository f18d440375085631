# The results document and the timelines: sigmatrix-results(5).

proc json_string {text} {
	set out ""
	foreach character [split $text ""] {
		set code [scan $character %c]
		if {$character eq "\"" || $character eq "\\"} {
			append out \\ $character
		} elseif {$code < 32 || $code == 127} {
			append out [format \\u%04x $code]
		} else {
			append out $character
		}
	}
	return "\"$out\""
}

# A dict of strings as an object; keys sorted.
proc json_object {dict} {
	set members {}
	foreach key [lsort [dict keys $dict]] {
		lappend members "[json_string $key]:[dict get $dict $key]"
	}
	return "{[join $members ,]}"
}

proc json_strings {dict} {
	set object [dict create]
	dict for {key value} $dict {dict set object $key [json_string $value]}
	return [json_object $object]
}

proc json_array {list} {
	set items {}
	foreach item $list {lappend items [json_string $item]}
	return "\[[join $items ,]]"
}

# Names in place of process numbers, for people.
proc who {pid} {
	global S
	set names {}
	dict for {name pids} $S(names) {
		if {$pid in $pids} {lappend names $name}
	}
	if {$names eq ""} {return "process $pid"}
	return [join $names " = "]
}

proc describe_event {event} {
	global S
	lassign $event kind a b c d e f g h
	switch $kind {
		void {return ""}
		mark {return [expr {$b eq "" ? "mark $a" : "mark $a=$b"}]}
		start {
			return "[who $a] starts (parent [who $c], group $d, session $e, foreground $f, ignored $g, blocked $h)"
		}
		ready {return "[who $a] waits"}
		got {
			set from [expr {$c == 128 ? "tty" : $c > 0 ? "the kernel" : $d == 0 ? "harness" : [who $d]}]
			return "[who $a] got [signal_name $b] from $from"
		}
		sent {return "[who $a] sends [signal_name $b] to [expr {$c eq "group" ? "its group" : [who $d]}]"}
		read {return "[who $a]: read or write gives $b"}
		failed {return "[who $a]: read or write fails: $b"}
		ended {return "[who $a] ends: [expr {$b eq "signal" ? "signal [signal_name $c]" : "$b $c"}]"}
		stopped {return "[who $a] stops: [expr {$b eq "?" ? "by a signal not seen" : [signal_name $b]}]"}
		continued {return "[who $a] continues"}
		odd {return "[who $a]: $b"}
		output {return "terminal prints $a"}
		step {return "step: $a"}
		look {
			set states {}
			dict for {pid facts} $b {
				lassign $facts state parent group session
				lappend states "[who $pid] $state parent $parent group $group session $session"
			}
			return "--- look [expr {$a eq "" ? "" : "$a "}]--- foreground $c; [join $states {; }]"
		}
	}
	return $event
}

proc json_timeline {case variant name} {
	global S
	set events {}
	foreach event [lrange $S(log) end-1999 end] us [lrange $S(times) end-1999 end] {
		set text [describe_event $event]
		if {$text eq ""} continue
		lappend events [json_object [dict create us $us text [json_string $text]]]
	}
	return [json_object [dict create case [json_string [dict get $case name]] \
		variant [json_string [variant_name $variant]] shell [json_string $name] \
		events "\[[join $events ,]]"]]
}

proc json_case {case} {
	set variants {}
	set rows [dict create]
	foreach variant [variants $case] {
		lappend variants [variant_name $variant]
		set text [block_text $case outcomes "" posix found]
		foreach row [parse_rows [substitute $text $variant]] {
			lassign $row label - verdict meaning
			if {![dict exists $rows $label]} {
				dict set rows $label [json_strings [dict create label $label verdict $verdict meaning $meaning]]
			}
		}
	}
	set record [dict create]
	foreach key {name group title spec prose} {
		dict set record $key [json_string [dict get $case $key]]
	}
	dict set record variants [json_array $variants]
	dict set record outcomes "\[[join [dict values $rows] ,]]"
	return [json_object $record]
}

proc json_shell {shell} {
	set record [dict create]
	foreach key {name title family} {dict set record $key [dict get $shell $key]}
	if {[dict exists $shell kind]} {dict set record kind [dict get $shell kind]}
	if {[dict get $shell file] eq ""} {
		dict set record missing [dict_get $shell missing "[dict get $shell program] was not found"]
	} else {
		dict set record file [dict get $shell file]
	}
	return [json_strings $record]
}

proc json_cell {path number name answer} {
	set case [read_case $path]
	lassign $answer outcome verdict reason
	set cell [dict create case [dict get $case name] shell $name outcome $outcome verdict $verdict \
		reason $reason variant [variant_name [lindex [variants $case] $number]]]
	set object [dict create]
	dict for {key value} $cell {dict set object $key [json_string $value]}
	dict set object runs "{[json_string $outcome]:1}"
	return [json_object $object]
}

proc json_host {began} {
	global options
	set host [dict create command "expect -f harness/expect/driver.tcl" driver expect \
		date [clock format $began -gmt 1 -format %Y-%m-%dT%H:%M:%SZ] \
		kernel $::tcl_platform(osVersion) machine $::tcl_platform(machine) system "" trace off]
	regexp -line {^PRETTY_NAME="?([^"\n]*)} [slurp /etc/os-release] -> name
	if {[info exists name]} {dict set host system $name}
	set root [expr {[exec id -u] == 0}]
	dict set host user [expr {$root ? "root" : "ordinary"}]
	dict set host isolation [expr {$root ? "pid namespace" : "user and pid namespace"}]
	set object [dict create]
	dict for {key value} $host {dict set object $key [json_string $value]}
	dict set object complete true
	return [json_object $object]
}

proc write_lines {path lines} {
	set channel [open $path.[pid] w]
	fconfigure $channel -encoding utf-8 -translation lf
	foreach line $lines {puts $channel $line}
	close $channel
	file rename -force $path.[pid] $path
}

proc write_results {path names paths began} {
	global jobs answers played
	set cells {}
	set timelines {}
	set index -1
	foreach job $jobs {
		incr index
		if {![info exists answers($index)]} continue
		lassign $answers($index) outcome verdict reason timeline
		lappend cells [json_cell {*}$job $answers($index)]
		lappend timelines $timeline
	}
	set cases {}
	foreach case $paths {lappend cases [json_case [read_case $case]]}
	set list {}
	foreach name $names {lappend list [json_shell [dict get $played $name]]}
	write_lines $path [list "{\"cases\":\[" [join $cases ,\n] "],\"cells\":\[" [join $cells ,\n] \
		"],\"host\":" [json_host $began] ",\"schema\":1,\"shells\":\[" [join $list ,\n] "]}"]
	write_lines [regsub {\.json$} $path {}].timelines.jsonl $timelines
}
