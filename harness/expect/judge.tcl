# Which row holds. Conditions are true, false or invisible (1, 0, ?): invisible is what only a
# tracer sees. A pure function of S(log) and what play.tcl knows of the scene.
#
# Reasons why something is not visible; a closed list, sigmatrix crosscheck counts them:
set reasons {
	sent       "only a tracer sees what a process that is no actor sends"
	delivered  "only a tracer sees what is delivered to a process that is no actor"
	quiet      "only a tracer sees what is delivered to an actor that leaves it its default action"
	gave       "only a tracer sees who gives the terminal away"
	grouped    "only a tracer sees who moves processes between groups"
	handovers  "only a tracer sees who held the terminal between two looks"
	forks      "only a tracer counts forks"
	status     "only a tracer sees how a process ended that another than the silent parent waited for"
	stops      "only a tracer sees a process that is no actor stop and go on between two looks"
	sender     "only a tracer sees who sends a signal into a deeper PID namespace"
	unfound    "an actor in a deeper PID namespace was not found from outside"
	order      "the order of two facts that one look told is not known"
}

proc invisible {why} {
	set ::S(why) $why
	return ?
}

proc not3 {value} {
	return [expr {$value eq "?" ? "?" : !$value}]
}

set participant_verbs {started got sent ended stopped continued gave grouped read failed}

# Returns {label verdict reason}.
proc judge {rows vary stuck} {
	foreach row $rows {
		lassign $row label conditions verdict meaning
		set holds 1
		set why ""
		if {$stuck && "stuck" ni $conditions} continue
		foreach condition $conditions {
			set value [evaluate $condition $vary $stuck]
			if {$value eq "0"} {
				set holds 0
				break
			}
			if {$value eq "?" && $holds ne "?"} {
				set holds ?
				set why $::S(why)
			}
		}
		if {$holds eq "?"} {
			return [list n/a "" "not visible: [dict get $::reasons $why] (row '$label')"]
		}
		if {$holds} {return [list $label $verdict [join $conditions ", "]]}
	}
	return [list unknown "" "no outcome of the case holds"]
}

proc evaluate {condition vary stuck} {
	global S
	set w [words $condition]
	set no 0
	if {[lindex $w 0] eq "no"} {
		set no 1
		set w [lrange $w 1 end]
	}
	set first 0
	set last [expr {[llength $S(log)] - 1}]
	if {[llength $w] > 2 && [lindex $w end-1] in {at since} && [regexp {^[a-z][a-z0-9-]*$} [lindex $w end]]} {
		set label [lindex $w end]
		if {![dict exists $S(labels) $label]} {return 0}
		if {[lindex $w end-1] eq "at"} {
			set last [dict get $S(labels) $label]
		} else {
			set first [expr {[dict get $S(labels) $label] + 1}]
		}
		set w [lrange $w 0 end-2]
	}
	set S(text) [regsub {^no\s+} $condition {}]
	set value [evaluate_plain $w $vary $stuck $first $last]
	return [expr {$no ? [not3 $value] : $value}]
}

proc compare {a operator b} {
	if {[string is entier -strict $a] && [string is entier -strict $b]} {
		scan "$a $b" "%lld %lld" a b
		set order [expr {$a < $b ? -1 : $a > $b}]
	} elseif {$operator in {= !=}} {
		set order [string compare $a $b]
	} else {
		return 0
	}
	switch $operator {
		= {return [expr {$order == 0}]}
		!= {return [expr {$order != 0}]}
		< {return [expr {$order < 0}]}
		> {return [expr {$order > 0}]}
		<= {return [expr {$order <= 0}]}
		>= {return [expr {$order >= 0}]}
	}
	error "no comparison $operator"
}

proc evaluate_plain {w vary stuck first last} {
	lassign $w a b c
	if {$a eq "stuck"} {return $stuck}
	if {[dict exists $vary $a] && $b in {= != in}} {
		set word [dict get $vary $a]
		if {$b eq "in"} {return [expr {$word in [lrange $w 2 end]}]}
		return [expr {($word eq $c) == ($b eq "=")}]
	}
	if {$a eq "handovers"} {return [judge_handovers [lrange $w 2 end] $first $last]}
	if {$a eq "output"} {return [judge_output $first $last]}
	if {[regexp {^tty\.(echo|icanon|isig)$} $a -> mode]} {
		set modes [lindex [last_look $last] 4]
		return [expr {[dict exists $modes $mode] ? [dict get $modes $mode] : 0}]
	}
	if {$a eq "tty.foreground"} {
		set group [attribute $c $first $last]
		if {$group eq "" || [last_look $last] eq ""} {return 0}
		return [compare [lindex [last_look $last] 3] $b $group]
	}
	if {[regexp {^([a-z][a-z0-9-]*)\.([a-z]+)$} $a -> name what]} {
		return [judge_attribute $name $what $b $c $first $last]
	}
	set before [lsearch -exact $w before]
	if {$before > 0} {
		return [judge_before [lrange $w 0 $before-1] [lrange $w $before+1 end] $first $last]
	}
	return [judge_event $w $first $last]
}

proc last_look {last} {
	global S
	for {set i $last} {$i >= 0} {incr i -1} {
		if {[lindex $S(log) $i 0] eq "look"} {return [lindex $S(log) $i]}
	}
	return ""
}

proc judge_output {first last} {
	global S
	if {![regexp {^output\s+has\s+(.*?)(\s+(at|since)\s+[a-z][a-z0-9-]*)?$} $S(text) -> text]} {return 0}
	set printed ""
	set begin 0
	for {set i 0} {$i <= $last} {incr i} {
		if {$i == $first} {set begin [string length $printed]}
		if {[lindex $S(log) $i 0] eq "output"} {append printed [lindex $S(log) $i 1]}
	}
	set printed [string range $printed $begin 16383]
	return [expr {[string first $text $printed] >= 0}]
}

# The last start of an actor of that name.
proc start_of {name first last} {
	global S
	for {set i $last} {$i >= $first} {incr i -1} {
		set event [lindex $S(log) $i]
		if {[lindex $event 0] eq "start" && [lindex $event 2] eq $name} {return $event}
	}
	return ""
}

# The process of that name by then: the last that took it.
proc pid_of {name last} {
	global S
	if {$name eq $S(subject)} {return $S(shell)}
	set event [start_of $name 0 $last]
	if {$event ne ""} {return [lindex $event 1]}
	for {set i $last} {$i >= 0} {incr i -1} {
		set event [lindex $S(log) $i]
		if {[lindex $event 0] eq "mark" && [regexp "^$name is (\[0-9]+)\$" [lindex $event 1] -> pid]} {
			return $pid
		}
	}
	return ""
}

# A.pid, A.ppid, A.pgid, A.sid; "" when there is no such process.
proc attribute {word first last} {
	lassign [split $word .] name what
	set pid [pid_of $name $last]
	if {$pid eq ""} {return ""}
	set at [lsearch {pid ppid pgid sid} $what]
	set event [start_of $name $first $last]
	if {$event ne ""} {return [lindex [list $pid {*}[lrange $event 3 5]] $at]}
	if {$what eq "pid"} {return $pid}
	set facts [known $pid $last]
	return [lindex $facts $at]
}

# {state ppid pgid sid} as of the last look.
proc known {pid last} {
	set processes [lindex [last_look $last] 2]
	return [expr {[dict exists $processes $pid] ? [dict get $processes $pid] : ""}]
}

# What an actor told of itself when it started.
proc judge_start {what b c event} {
	if {$event eq ""} {return 0}
	lassign $event - - - - group - foreground ignored blocked descriptors
	switch $what {
		foreground {return [expr {$group == $foreground}]}
		descriptors {return [compare $descriptors $b $c]}
	}
	scan [set $what] %llx mask
	return [expr {$mask >> ([signal_number $c] - 1) & 1}]
}

proc judge_attribute {name what b c first last} {
	switch $what {
		foreground - ignored - blocked - descriptors {
			return [judge_start $what $b $c [start_of $name $first $last]]
		}
		state {
			set pid [pid_of $name $last]
			set state [expr {$pid eq "" ? "" : [lindex [known $pid $last] 0]}]
			if {$state eq ""} {
				# It was never seen: it came and went between two looks.
				if {$pid eq "" || [last_look $last] eq ""} {return 0}
				set state ended
			}
			return [expr {($state eq $c) == ($b eq "=")}]
		}
		forks {return [invisible forks]}
		zombies {
			set pid [pid_of $name $last]
			if {$pid eq "" || [last_look $last] eq ""} {return 0}
			set count 0
			dict for {child facts} [lindex [last_look $last] 2] {
				if {[lindex $facts 0] eq "zombie" && [lindex $facts 1] eq $pid} {incr count}
			}
			return [compare $count $b $c]
		}
		default {
			set left [attribute $name.$what $first $last]
			set right [attribute $c $first $last]
			if {$left eq "" || $right eq ""} {return 0}
			return [compare $left $b $right]
		}
	}
}

# The holders that looks saw must come in the order given; whether there were others is not seen.
proc judge_handovers {names first last} {
	global S
	if {$names eq "none"} {set names {}}
	set wanted {}
	foreach name $names {lappend wanted [attribute $name.pgid 0 $last]}
	set holders {}
	set at -1
	foreach event [lrange $S(log) 0 $last] {
		incr at
		if {[lindex $event 0] ne "look" || [lindex $event 3] == 0} continue
		if {[lindex $holders end] ne [lindex $event 3]} {
			lappend holders [lindex $event 3]
		}
	}
	foreach holder [lrange $holders 1 end] {
		while {[llength $wanted] && [lindex $wanted 0] ne $holder} {set wanted [lrange $wanted 1 end]}
		if {$wanted eq ""} {return 0}
		set wanted [lrange $wanted 1 end]
	}
	return [invisible handovers]
}

# --- events ---

# Indices in S(log) of an event, and in `gap` the reason why there may be others ("": none).
proc occurrences {w first last gapVar} {
	global S
	upvar 1 $gapVar gap
	set gap ""
	set found {}
	if {[lindex $w 1] in $::participant_verbs} {
		return [participant_events {*}[lrange $w 0 1] [lrange $w 2 end] $first $last gap]
	}
	set name [lindex $w 0]
	for {set i $first} {$i <= $last} {incr i} {
		set event [lindex $S(log) $i]
		if {[lindex $event 0] eq "mark" && [lindex $event 1] eq $name} {lappend found $i}
	}
	return $found
}

proc sender_matches {event who last} {
	lassign $event - pid - code from
	switch $who {
		tty {return [expr {$code == 128}]}
		harness {return [expr {$code <= 0 && $from == 0}]}
		itself {return [expr {$code <= 0 && $from == $pid}]}
	}
	return [expr {$code <= 0 && $from in [pids_of $who]}]
}

# Whether an actor was told to leave that signal its default action, so that it cannot report it.
proc is_quiet {pids sig} {
	global S
	foreach pid $pids {
		if {[info exists S(quiet,$pid)] && $sig in $S(quiet,$pid)} {return 1}
	}
	return 0
}

proc participant_events {name verb rest first last gapVar} {
	global S
	upvar 1 $gapVar gap
	set found {}
	set pids [pids_of $name]
	set actor 1
	foreach pid $pids {
		if {![info exists S(actor,$pid)] || $name eq $S(subject)} {set actor 0}
	}
	if {$verb eq "sent"} {return [sent_events $name $pids $actor $rest $first $last gap]}
	if {$verb eq "gave"} {set gap gave; return {}}
	if {$verb eq "grouped"} {set gap grouped; return {}}
	set kind [expr {$verb eq "started" ? "start" : $verb}]
	for {set i $first} {$i <= $last} {incr i} {
		set event [lindex $S(log) $i]
		if {[lindex $event 0] ne $kind || [lindex $event 1] ni $pids} continue
		switch $verb {
			started {if {[lindex $event 2] eq $name} {lappend found $i}}
			got {
				if {[lindex $event 2] != [signal_number [lindex $rest 0]]} continue
				if {[lindex $rest 1] eq "from"} {
					if {[lindex $event 4] eq "?" && [lindex $rest 2] ni {tty itself}} {
						set gap sender
						continue
					}
					if {![sender_matches $event [lindex $rest 2] $last]} continue
				}
				lappend found $i
			}
			ended {
				lassign $event - - how value
				if {[lindex $rest 0] eq ""} {lappend found $i; continue}
				if {$how eq "?"} {set gap status; continue}
				if {$how ne [lindex $rest 0]} continue
				if {[lindex $rest 1] ne ""} {
					set wanted [expr {$how eq "signal" ? [signal_number [lindex $rest 1]] : [lindex $rest 1]}]
					if {$wanted != $value} continue
				}
				lappend found $i
			}
			stopped {
				if {[lindex $rest 0] ne ""} {
					if {[lindex $event 2] eq "?"} {set gap stops; continue}
					if {[signal_number [lindex $rest 0]] != [lindex $event 2]} continue
				}
				lappend found $i
			}
			continued {lappend found $i}
			read - failed {if {[lindex $event 2] eq [lindex $rest 0]} {lappend found $i}}
		}
	}
	if {$verb eq "got" && $pids ne ""} {
		if {!$actor} {
			set gap delivered
		} elseif {[is_quiet $pids [signal_number [lindex $rest 0]]]} {
			set gap quiet
		} elseif {[lindex $rest 0] in {KILL STOP}} {
			set gap delivered
		}
	}
	if {$verb in {stopped continued} && !$actor && $name ne $S(subject) && $pids ne ""} {set gap stops}
	return $found
}

proc sent_events {name pids actor rest first last gapVar} {
	global S
	upvar 1 $gapVar gap
	set sig [signal_number [lindex $rest 0]]
	set target [lindex $rest 2]
	set group [regsub {\.group$} $target {} target]
	set found {}
	for {set i $first} {$i <= $last} {incr i} {
		set event [lindex $S(log) $i]
		if {[lindex $event 2] ne $sig} continue
		if {[lindex $event 0] eq "sent" && [lindex $event 1] in $pids} {
			lassign $event - - - whom number
			if {$target ne ""} {
				if {$group != ($whom eq "group")} continue
				set wanted [expr {$group ? [attribute $target.pgid 0 $last] : $number}]
				if {$group ? $wanted ne $number : $number ni [pids_of $target]} continue
			}
			lappend found $i
		} elseif {!$actor && [lindex $event 0] eq "got" && [sender_matches $event $name $last]
			&& ($target eq "" || (!$group && [lindex $event 1] in [pids_of $target]))} {
			lappend found $i
		}
	}
	if {!$actor && $pids ne ""} {set gap sent}
	return $found
}

proc judge_event {w first last} {
	global S
	set counts {once 1 twice 2}
	set count ""
	if {[dict exists $counts [lindex $w end]] && [llength $w] > 1} {
		set count [dict get $counts [lindex $w end]]
		set w [lrange $w 0 end-1]
	} elseif {[lindex $w end] eq "times" && [llength $w] > 2} {
		set count [lindex $w end-1]
		set w [lrange $w 0 end-2]
	}
	set operator [lindex $w 1]
	if {$operator in {= != < > <= >= has}} {
		return [judge_mark [lindex $w 0] $operator [lrange $w 2 end] $first $last $count]
	}
	set found [occurrences $w $first $last gap]
	if {$count eq ""} {
		if {[llength $found]} {return 1}
		return [expr {$gap eq "" ? 0 : [invisible $gap]}]
	}
	if {[llength $found] > $count} {return 0}
	if {$gap ne ""} {return [invisible $gap]}
	return [expr {[llength $found] == $count}]
}

proc judge_mark {name operator value first last count} {
	global S
	set found [occurrences [list $name] $first $last gap]
	if {$count ne ""} {
		set matching 0
		foreach i $found {
			if {[mark_matches [lindex $S(log) $i 2] $operator $value]} {incr matching}
		}
		return [expr {$matching == $count}]
	}
	if {$found eq ""} {return 0}
	return [mark_matches [lindex $S(log) [lindex $found end] 2] $operator $value]
}

proc mark_matches {text operator value} {
	if {$operator eq "has"} {return [expr {[string first [join $value] $text] >= 0}]}
	return [compare $text $operator [join $value]]
}

proc event_indices {w first last gapVar} {
	global S
	upvar 1 $gapVar gap
	if {[lindex $w 1] in {= != < > <= >= has}} {
		set found {}
		foreach i [occurrences [list [lindex $w 0]] $first $last gap] {
			if {[mark_matches [lindex $S(log) $i 2] [lindex $w 1] [lrange $w 2 end]]} {lappend found $i}
		}
		return $found
	}
	return [occurrences $w $first $last gap]
}

proc judge_before {a b first last} {
	global S
	set one [event_indices $a $first $last gap_one]
	set other [event_indices $b $first $last gap_other]
	if {$one eq "" && $gap_one eq ""} {return 0}
	if {$other eq "" && $gap_other eq ""} {return 0}
	if {$gap_one ne ""} {return [invisible $gap_one]}
	if {$gap_other ne ""} {return [invisible $gap_other]}
	set one [lindex $one 0]
	set other [lindex $other 0]
	# Something a look told came at some point since the look before.
	set one_from [expr {[info exists S(since,$one)] ? $S(since,$one) : $one}]
	set other_from [expr {[info exists S(since,$other)] ? $S(since,$other) : $other}]
	if {$one < $other_from} {return 1}
	if {$other < $one_from} {return 0}
	return [invisible order]
}
