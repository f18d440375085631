# What is seen of a scene from outside: processes through /proc, marks and reports through the
# FIFO, the terminal through Expect. All that is seen goes into the log, S(log), a list of events:
#
#   mark NAME VALUE                    start PID NAME PPID PGID SID TPGID IGNORED BLOCKED OPEN
#   ready PID   got PID SIG CODE FROM  sent PID SIG parent|group TARGET
#   read PID N  failed PID ERRNO       ended PID exit|signal|? N   stopped PID SIG
#   continued PID   odd PID TEXT       output TEXT   step TEXT   void (was nothing after all)
#   look LABEL PROCESSES FOREGROUND MODES
#
# Process and group numbers are those of the scene's PID namespace. Of an event that only a look
# told, S(since,INDEX) is the length the log had at the look before: it came at some point since.

proc log_event {args} {
	global S
	lappend S(log) $args
	lappend S(times) [expr {[clock microseconds] - $S(began)}]
}

proc log_unordered {args} {
	global S
	set S(since,[llength $S(log)]) $S(last_look)
	log_event {*}$args
}

proc slurp {path} {
	if {[catch {open $path r} channel]} {return ""}
	if {[catch {read $channel} text]} {set text ""}
	close $channel
	return $text
}

# --- marks and reports ---

# Takes in all there is; true if there was anything. (A flood is taken in by and by: it must not
# keep us from the deadline.)
proc drain {} {
	global S
	set new 0
	while {!$new && [set bytes [read $S(events) 65536]] ne ""} {
		set new 1
		append S(partial) $bytes
	}
	while {[set end [string first \n $S(partial)]] >= 0} {
		take_line [string range $S(partial) 0 $end-1]
		set S(partial) [string range $S(partial) $end+1 end]
	}
	return [expr {[drain_terminal] || $new}]
}

proc take_line {line} {
	global S
	if {[string index $line 0] eq "\x01"} {
		take_report [split [string range $line 1 end]]
		return
	}
	set line [encoding convertfrom utf-8 $line]
	if {[regexp {^([a-z][a-z0-9-]*) is ([0-9]+)$} $line -> name pid]} {
		dict set S(names) $name [list {*}[pids_of $name] $pid]
	}
	if {![regexp {^([^=]*)=(.*)$} $line -> name value]} {
		set name $line
		set value ""
	}
	log_event mark $name $value
}

proc pids_of {name} {
	global S
	return [expr {[dict exists $S(names) $name] ? [dict get $S(names) $name] : {}}]
}

proc take_report {report} {
	switch [lindex $report 0] {
		a {take_actor {*}[lrange $report 1 end]}
		d {introduce {*}[lrange $report 1 end]}
		s - o {take_wait {*}$report}
	}
}

proc take_actor {name pid word args} {
	global S
	lassign $args first second third
	switch $word {
		start {
			dict set S(names) $name [list {*}[pids_of $name] $pid]
			set S(actor,$pid) 1
			if {[info exists S(deep,$pid)]} {set args [lreplace $args 0 3 {*}$S(deep,$pid)]}
			log_event start $pid $name {*}$args
		}
		ready {log_event ready $pid}
		got {
			if {$first == 18 && [info exists S(stopped,$pid)]} {
				unset S(stopped,$pid)
				log_event continued $pid
			}
			if {[info exists S(deep,$pid)] && $second <= 0} {set third [scene_number $pid $third]}
			log_event got $pid $first $second $third
		}
		exit {
			set S(ended,$pid) 1
			log_event ended $pid exit $first
		}
		die {
			if {[kills $first]} {
				set S(ended,$pid) 1
				log_event ended $pid signal $first
			}
		}
		stopping {
			set S(stopped,$pid) [llength $S(log)]
			log_event stopped $pid $first
		}
		unstopped {
			lset S(log) $S(stopped,$pid) void
			unset S(stopped,$pid)
		}
		resumed {
			unset S(stopped,$pid)
			log_event continued $pid
		}
		sent {
			if {[info exists S(deep,$pid)]} {
				set third [lindex $S(deep,$pid) [expr {$second eq "group"}]]
			}
			log_event sent $pid $first $second $third
		}
		quiet {lappend S(quiet,$pid) $first}
		read {log_event read $pid $first}
		failed {log_event failed $pid $first}
		default {log_event odd $pid "$word $args"}
	}
}

# --- deeper PID namespaces ---

# An actor in a PID namespace that a link has made asks for its number in the scene. It holds the
# FIFO, and waits: so it is found, and what /proc tells of it is as when it started.
proc introduce {fifo fd} {
	global S
	file stat $S(directory)/$fifo ours
	foreach pid [all_processes] {
		if {[catch {file stat /proc/$pid/fd/$fd its}] || $its(ino) != $ours(ino)
			|| $its(dev) != $ours(dev)} continue
		set status [read_status $pid]
		set number [number_in_scene $status NSpid]
		set group [number_in_scene $status NSpgid]
		set fields [stat_fields $pid]
		set holder [lindex $fields 5]
		set holder [expr {$holder == [lindex $fields 2] ? $group
			: $holder > 0 ? [scene_group $holder] : -1}]
		set parent [number_in_scene [read_status [dict get $status PPid]] NSpid]
		set S(deep,$number) [list $parent $group [number_in_scene $status NSsid] $holder]
		set S(outer,$number) $pid
		set S(orders,$number) $fifo
		set channel [open $S(directory)/$fifo {WRONLY NONBLOCK}]
		puts $channel $number
		close $channel
		return
	}
	throw INVISIBLE [dict get $::reasons unfound]
}

proc all_processes {} {
	set all {}
	set next [list $::S(init)]
	while {[llength $next]} {
		set next [lassign $next pid]
		lappend all $pid
		lappend next {*}[children_of $pid ""]
	}
	return $all
}

# The scene's number of the process that an actor in a deeper namespace knows by that number; "?"
# where the kernel told it 0: then the sender is outside of it.
proc scene_number {actor number} {
	global S
	if {$number == 0 || [catch {file stat /proc/$S(outer,$actor)/ns/pid ours}]} {return ?}
	foreach pid [all_processes] {
		set status [read_status $pid]
		if {[lindex [dict_get $status NSpid ""] end] eq $number
			&& ![catch {file stat /proc/$pid/ns/pid its}] && $its(ino) == $ours(ino)} {
			return [number_in_scene $status NSpid]
		}
	}
	return ?
}

# Whether a signal's default action ends a process.
proc kills {sig} {
	return [expr {$sig ni {17 18 19 20 21 22 23 28}}]
}

# The silent parent's waitid: of the shell, or of an orphan.
proc take_wait {who pid word status} {
	global S
	# As PID 1 the shell has another number for the silent parent.
	if {$who eq "s"} {set pid $S(shell)}
	if {$word in {exit killed}} {
		if {![info exists S(ended,$pid)]} {
			set S(ended,$pid) 1
			log_event ended $pid [expr {$word eq "exit" ? "exit" : "signal"}] $status
		}
	} elseif {$who eq "s" && $word eq "stopped" && ![info exists S(stopped,$pid)]} {
		set S(stopped,$pid) [llength $S(log)]
		log_event stopped $pid $status
	} elseif {$who eq "s" && $word eq "continued" && [info exists S(stopped,$pid)]} {
		unset S(stopped,$pid)
		log_event continued $pid
	}
}

# --- the terminal ---

proc drain_terminal {} {
	global S
	if {$S(tty) eq ""} {return 0}
	set text ""
	expect {
		-i $S(tty) -timeout 0
		-re {.+} {
			append text $expect_out(buffer)
			if {[string length $text] < 65536} exp_continue
		}
		timeout {}
		eof {set S(tty) ""}
	}
	if {$text eq ""} {return 0}
	log_event output $text
	return 1
}

proc ask_stage {line} {
	global S
	puts $S(stage) $line
	if {[gets $S(stage) answer] < 0} {error "the stage is gone"}
	return $answer
}

# Lets the line disciplines take what was typed. Returns whether input waits to be read.
proc barrier {} {
	global S
	flush_inner_terminals
	if {$S(slave) eq ""} {return 0}
	lassign [ask_stage barrier] word echo icanon isig unread
	if {$word eq "ok"} {
		set S(modes) [dict create echo $echo icanon $icanon isig $isig]
		return $unread
	}
	return 0
}

# Those that processes of the scene have made, as far as somebody has them open.
proc flush_inner_terminals {} {
	global S
	set flushed [dict create]
	foreach {pid number} $S(inner_terminals) {dict incr flushed $number [ask_stage "flush $pid"]}
	set S(unflushed) [expr {0 in [dict values $flushed]}]
}

# --- processes ---

proc read_status {pid {thread ""}} {
	set path /proc/$pid/[expr {$thread eq "" ? "" : "task/$thread/"}]status
	set status [dict create]
	foreach line [split [slurp $path] \n] {
		set colon [string first : $line]
		dict set status [string range $line 0 $colon-1] [string trim [string range $line $colon+1 end]]
	}
	return $status
}

proc children_of {pid threads} {
	if {$threads eq "1"} {return [slurp /proc/$pid/task/$pid/children]}
	set all {}
	foreach dir [glob -nocomplain /proc/$pid/task/*] {lappend all {*}[slurp $dir/children]}
	return $all
}

# The number of a terminal in /proc/PID/stat: device 136, or 0 for none.
proc terminal_number {slave} {
	if {![regexp {/(\d+)$} $slave -> minor]} {return 0}
	return [expr {($minor & 0xff) | (136 << 8) | (($minor & ~0xff) << 12)}]
}

# /proc/PID/stat from the state on.
proc stat_fields {pid} {
	set stat [slurp /proc/$pid/stat]
	return [split [string range $stat [string last ")" $stat]+2 end]]
}

# A process's number, group or session in the scene, of the line in its status; 0 if it has none.
proc number_in_scene {status key} {
	global S
	set number [lindex [dict_get $status $key ""] $S(depth)-1]
	return [expr {$number eq "" ? 0 : $number}]
}

# The scene's number of a group that some process is or was in.
proc scene_group {outer} {
	global S
	return [expr {[info exists S(scene_group,$outer)] ? $S(scene_group,$outer) : $outer}]
}

# Looks at every process. Returns {calm signature}: calm if each is blocked without a timeout,
# stopped or ended; the signature is equal in two looks only if none has run in between.
proc look {} {
	global S
	set calm 1
	set signature {}
	set seen [dict create]
	set outer [list $S(init)]
	set foreground 0
	set terminal [terminal_number $S(slave)]
	set S(inner_terminals) {}
	set S(traced) [dict create]
	while {[llength $outer]} {
		set pid [lindex $outer 0]
		set status [read_status $pid]
		set fields [stat_fields $pid]
		if {![dict exists $status NSpid] || [llength $fields] < 50} {
			set calm 0
			set outer [lrange $outer 1 end]
			lappend signature $pid gone
			continue
		}
		set outer [concat [lrange $outer 1 end] [children_of $pid [dict get $status Threads]]]
		set inner [number_in_scene $status NSpid]
		set S(inner,$pid) $inner
		set S(outer,$inner) $pid
		set S(group,$inner) [lindex $fields 2]
		set group [number_in_scene $status NSpgid]
		set state [string index [dict get $status State] 0]
		# An ended process has left its group behind.
		if {$state ni {Z X}} {
			set S(scene_group,[lindex $fields 2]) $group
			set S(tty_group,$inner) [lindex $fields 5]
			if {[lindex $fields 4] ni [list 0 $terminal]} {
				lappend S(inner_terminals) $pid [lindex $fields 4]
			} elseif {[lindex $fields 4] ne "0" && [lindex $fields 5] > 0} {
				set foreground [lindex $fields 5]
			}
		}
		if {$state eq "t"} {dict set S(traced) $inner 1}
		# PF_EXITING: PID 1 sleeps at its end until its namespace is empty.
		if {$state ni {Z X} && [lindex $fields 6] & 4} {
			set calm 0
			set S(restless) "process $inner: is ending"
		}
		# The silent parent is outside of a shell's own namespace.
		if {$inner} {
			if {![info exists S(held,$inner)] && $inner != $S(shell)} {
				set S(held,$inner) [ask_stage "hold $pid"]
			}
			set S(outer_parent,$inner) [dict get $status PPid]
			dict set seen $inner [list $state [dict get $status PPid] $group \
				[number_in_scene $status NSsid] [lindex $fields 49]]
		}
		foreach thread [threads_of $pid $status] {
			lassign [look_at_thread $pid $thread $status] blocked mark
			if {!$blocked} {
				set calm 0
				set S(restless) "process $inner: $mark"
			}
			lappend signature $mark
		}
	}
	set S(foreground) [scene_group $foreground]
	# Who loses its parent during the look may be missed: it has not ended.
	dict for {inner was} $S(processes) {
		if {[dict exists $seen $inner] || $was eq "zombie" || ![info exists S(outer,$inner)]} continue
		set status [read_status $S(outer,$inner)]
		if {[number_in_scene $status NSpid] != $inner
			|| [string index [dict get $status State] 0] in {Z X}} continue
		set calm 0
		set S(restless) "process $inner: lost its parent"
		lassign [dict get $S(known) $inner] - parent group session
		dict set seen $inner [list [expr {$was eq "stopped" ? "T" : "S"}] \
			$S(outer_parent,$inner) $group $session 0]
	}
	note_changes $seen
	return [list $calm $signature]
}

proc threads_of {pid status} {
	if {[dict get $status Threads] <= 1} {return [list $pid]}
	set threads {}
	foreach dir [glob -nocomplain -directory /proc/$pid/task -tails *] {lappend threads $dir}
	return $threads
}

proc look_at_thread {pid thread status} {
	global S
	if {$thread ne $pid} {set status [read_status $pid $thread]}
	if {![dict exists $status State]} {return [list 0 gone]}
	set state [string index [dict get $status State] 0]
	set call [string trim [slurp /proc/$pid/task/$thread/syscall]]
	set mark [list $thread $state [dict get $status voluntary_ctxt_switches] \
		[dict get $status nonvoluntary_ctxt_switches] $call \
		[dict get $status SigPnd] [dict get $status ShdPnd]]
	if {$state in {Z X}} {return [list 1 [list $thread Z]]}
	scan "[dict get $status SigPnd] [dict get $status ShdPnd] [dict get $status SigBlk]" \
		"%llx %llx %llx" own shared blocked
	set pending [expr {($own | $shared) & ~$blocked}]
	if {$state in {T t}} {
		# Only SIGKILL and SIGCONT reach it, and those not by waiting.
		return [list [expr {!($pending & 0x20100)}] $mark]
	}
	set resting [expr {$pending == 0 && ($state eq "S" || $state eq "D")
		&& [rests_in $pid $thread $call $state]}]
	# It looks up again and again, and this counts for nothing.
	if {$S(periodic) && !$resting && $pending == 0 && $state eq "S"
		&& [string is integer -strict [lindex $call 0]]
		&& [lindex $call 0] >= 0 && [info exists S(slept,$thread)] && $S(slept,$thread)} {
		return [list 1 [list $thread $state [lindex $call 0]]]
	}
	return [list $resting $mark]
}

# Whether a system call is one that only another process can end.
proc rests_in {pid thread call state} {
	global S
	lassign [split [string trim $call]] number a b c d e f
	if {![string is integer -strict $number] || $number < 0} {return 0}
	if {$number == 219} {
		# restart_syscall goes on with what was interrupted.
		if {[info exists S(slept,$thread)]} {return [expr {!$S(slept,$thread)}]}
		return [expr {![string match *nanosleep* [slurp /proc/$pid/task/$thread/wchan]]}]
	}
	# vfork, clone, clone3: waits for a child that has not called exec yet. (A fork that is
	# itself kept waiting, as while someone moves processes between control groups, does not rest.)
	if {$state eq "D"} {
		return [expr {$number in {56 58 435} && [slurp /proc/$pid/task/$thread/wchan] eq "kernel_clone"}]
	}
	switch $number {
		35 {set timed [long_wait $pid $a]}
		230 {set timed [expr {$b & 1 ? [soon $pid $c [expr {$a == 0}]] : [long_wait $pid $c]}]}
		7 - 232 - 281 {
			set ms [expr {$number == 7 ? $c : $d}]
			set ms [expr {$ms & 0xffffffff}]
			set timed [expr {$ms < 30000}]
		}
		23 - 270 {set timed [long_wait $pid $e]}
		271 - 128 {set timed [long_wait $pid $c]}
		202 {
			# FUTEX_WAIT_BITSET and those with priorities take a time of day, or since boot.
			set timed [expr {($b & 127) in {6 9 11 13} ? [soon $pid $d [expr {($b & 256) || ($b & 127) == 6}]] : [long_wait $pid $d]}]
		}
		220 - 441 {set timed [long_wait $pid $d]}
		default {set timed 0}
	}
	set S(slept,$thread) $timed
	return [expr {!$timed}]
}

# The seconds of the time at that address of a process; "" if they cannot be read.
proc seconds_at {pid address} {
	if {[catch {open /proc/$pid/mem r} channel]} {return ""}
	fconfigure $channel -translation binary
	if {[catch {seek $channel [expr {$address}]; read $channel 8} bytes]} {set bytes ""}
	close $channel
	return [expr {[binary scan $bytes w seconds] == 1 ? $seconds : ""}]
}

# 1 if the time at that address ends before any scene does; none, or a longer one, is no limit.
proc long_wait {pid address} {
	if {$address == 0} {return 0}
	set seconds [seconds_at $pid $address]
	return [expr {$seconds eq "" || $seconds < 30}]
}

# The same for a point in time: of the day, or of a clock that began when the machine did.
proc soon {pid address of_day} {
	if {$address == 0} {return 0}
	set seconds [seconds_at $pid $address]
	set now [expr {$of_day ? [clock seconds] : [lindex [slurp /proc/uptime] 0]}]
	return [expr {$seconds eq "" || $seconds - $now < 30}]
}

# What the look tells that nobody reported: ends, stops and continuations.
proc note_changes {seen} {
	global S
	set previous $S(processes)
	set S(processes) [dict create]
	dict for {pid facts} $seen {
		lassign $facts state parent group session code
		set parent [expr {[info exists S(inner,$parent)] ? $S(inner,$parent) : 0}]
		set now [expr {$state in {Z X} ? "zombie" : $state eq "T" ? "stopped" : "running"}]
		# A debugger stops what it runs all the time; settled tells.
		if {$state eq "t" && [dict exists $previous $pid]} {set now [dict get $previous $pid]}
		# An ended process has left its group and session behind.
		if {$now eq "zombie" && [dict exists $S(known) $pid]} {
			lassign [dict get $S(known) $pid] - - group session
		}
		dict set S(processes) $pid $now
		dict set S(known) $pid [list $now $parent $group $session]
		if {$now eq "zombie"} {note_end $pid $code}
		# The shell's stops are told by the silent parent. Of others a look does not tell the signal.
		if {$now eq "stopped"} {note_stop $pid}
		if {$now eq "running" && [info exists S(stopped,$pid)] && ![info exists S(actor,$pid)]
			&& $pid != $S(shell)} {
			unset S(stopped,$pid)
			log_unordered continued $pid
		}
	}
	dict for {pid was} $previous {
		if {![dict exists $S(processes) $pid]} {
			dict set S(known) $pid [lreplace [dict get $S(known) $pid] 0 0 ended]
			note_end $pid ""
		}
	}
	set S(last_look) [llength $S(log)]
}

proc note_stop {pid} {
	global S
	if {[info exists S(stopped,$pid)] || $pid == $S(shell)} return
	set S(stopped,$pid) [llength $S(log)]
	log_unordered stopped $pid [expr {[info exists S(actor,$pid)] ? 19 : "?"}]
}

# An actor tells before it ends, unless it cannot: then it was SIGKILL, or a signal that it was told
# to leave its default action. The kernel may know (Linux 6.15). The shell's end is told by the
# silent parent.
proc note_end {pid code} {
	global S
	if {[info exists S(ended,$pid)] || $pid == $S(shell) || $pid == $S(parent)} return
	if {$code eq "" && ![info exists S(actor,$pid)]} {
		# Perhaps the silent parent has told it by now.
		drain
		if {[info exists S(ended,$pid)]} return
	}
	set S(ended,$pid) 1
	if {$code eq "" && [info exists S(held,$pid)] && $S(held,$pid)} {
		set code [ask_stage "end $S(outer,$pid)"]
		unset S(held,$pid)
		if {$code == -1} {set code ""}
	}
	if {$code eq "" && [info exists S(actor,$pid)] && ![info exists S(quiet,$pid)]} {
		log_unordered ended $pid signal 9
	} elseif {$code eq ""} {
		log_unordered ended $pid ? 0
	} elseif {$code & 127} {
		log_unordered ended $pid signal [expr {$code & 127}]
	} else {
		log_unordered ended $pid exit [expr {$code >> 8 & 255}]
	}
}

# --- settled ---

proc nap {ms} {
	global S
	set S(tick) 0
	set timer [after $ms {set S(tick) 1}]
	fileevent $S(events) readable {set S(tick) 1}
	vwait S(tick)
	fileevent $S(events) readable {}
	after cancel $timer
}

# One round. Returns 1 if the scene has settled, given what S(calm) remembers of the round before.
proc has_settled {} {
	global S
	set new [drain]
	set unread [barrier]
	lassign [look] calm signature
	if {[drain] || $new || !$calm} {
		set S(calm) ""
		set S(agreed) 0
		return 0
	}
	if {$signature ne $S(calm)} {
		set S(calm) $signature
		set S(agreed) 0
		return 0
	}
	incr S(agreed)
	# While input is unread poll(2) is no barrier: the kernel's worker is given some rounds.
	return [expr {$S(agreed) >= ($unread || $S(unflushed) ? 5 : 1)}]
}

# Milliseconds that the one process of the scene that had to wait longest for a processor waited:
# they come on top of the deadline, which is for scenes that do not end.
proc waited_for_processor {} {
	set longest 0
	foreach pid [all_processes] {
		set waited [lindex [slurp /proc/$pid/schedstat] 1]
		if {$waited ne "" && $waited > $longest} {set longest $waited}
	}
	return [expr {$longest / 1000000}]
}

proc is_too_late {} {
	global S
	return [expr {[clock milliseconds] > $S(deadline)
		&& [clock milliseconds] > $S(deadline) + [waited_for_processor]}]
}

# Calls the condition's script between rounds; returns 1 when it holds, 0 when the scene has settled.
proc wait_for {script} {
	global S
	set S(calm) ""
	set S(agreed) 0
	set ms 1
	set began [clock milliseconds]
	while 1 {
		if {[uplevel 1 $script]} {return 1}
		if {[has_settled]} {return [uplevel 1 $script]}
		if {[is_too_late]} {
			take_look ""
			throw TIMEOUT "did not settle; last seen not to rest: $S(restless)"
		}
		if {$S(calm) eq ""} {
			# Looks cost the scene processor time; one that takes long gets fewer.
			nap $ms
			set ms [expr {min($ms + 1, max(10, ([clock milliseconds] - $began) / 20))}]
		} elseif {$S(agreed)} {
			nap 2
		}
	}
}

proc settle {{label ""}} {
	global S
	wait_for {expr 0}
	# With the scene at rest, what its debugger holds is stopped.
	dict for {pid -} $S(traced) {
		dict set S(processes) $pid stopped
		dict set S(known) $pid [lreplace [dict get $S(known) $pid] 0 0 stopped]
		note_stop $pid
	}
	take_look $label
}

proc take_look {label} {
	global S
	log_event look $label $S(known) $S(foreground) $S(modes)
	set S(last_look) [llength $S(log)]
	if {$label ne ""} {dict set S(labels) $label [expr {[llength $S(log)] - 1}]}
}
