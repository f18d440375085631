# One cell: the stage, the steps, the awaits; then the judge.

set cell_number 0

proc play_cell {case variant shell factor} {
	global S links cell_number
	set dir $::run_dir/[incr cell_number]
	set links $dir/links
	file mkdir $dir $links
	set S(log) {}
	set S(times) {}
	set S(began) [clock microseconds]
	try {
		set scene [make_scene $case $variant $shell]
		switch -glob [dict_get $shell timer none] {
			polling {
				throw INVISIBLE "the link polls, and only a tracer can tell that it has come to rest"
			}
			polling* {
				throw INVISIBLE "the link polls, and this driver does not wait until it has looked"
			}
		}
		set answer [play_scene $case $variant $shell $scene $dir $factor]
	} trap NA why {
		set answer [list n/a "" $why]
	} trap TIMEOUT why {
		set answer [list timeout "" $why]
	} trap INVISIBLE why {
		set answer [list n/a "" "not visible: $why"]
	} on error {why details} {
		set answer [list broken "" "$why ([lindex [split [dict get $details -errorinfo] \n] end])"]
		if {[info exists ::env(EXPECT_DEBUG)]} {puts stderr [dict get $details -errorinfo]}
	}
	close_stage
	file delete -force $dir
	if {[dict get $shell dialect] ne "posix"} {lset answer 1 ""}
	return $answer
}

# --- the stage ---

# What the player calls the process it starts.
proc subject_of {case} {
	return [expr {[dict get $case mode] eq "link" ? "link" : "shell"}]
}

proc write_text {path text {mode 0644}} {
	set channel [open $path w $mode]
	fconfigure $channel -encoding utf-8 -translation lf
	puts -nonewline $channel $text
	close $channel
}

# A link's files are made beside those of the case.
proc link_command {link scene home env} {
	set command [dict get $scene command]
	if {[dict get $link environment] eq "lost"} {
		set command [list /usr/bin/env -C $home {*}$env {*}$command]
	}
	dict for {name text} [dict get $link files] {
		file mkdir [file dirname $home/$name]
		write_text $home/$name [put_command $text $command] 0755
	}
	return [link_words $link $command]
}

proc shell_command {case shell scene home env} {
	if {[dict get $case mode] eq "link"} {return [link_command $shell $scene $home $env]}
	set command [concat [shell_words $shell $::links] [words [dict get $case options]]]
	set script [dict get $scene script]
	switch [dict get $case mode] {
		command {
			return [concat $command [words [dict get $shell command]] [list $script]]
		}
		script {
			write_text $home/scene $script\n 0755
			return [concat $command [words [dict get $shell script]] ./scene]
		}
		stdin {return [concat $command [words [dict get $shell stdin]]]}
		interactive {return [concat $command [words [dict get $shell interactive]]]}
	}
}

proc open_stage {case variant shell scene dir} {
	global S
	array unset S *,*
	foreach key {partial tty slave restless} {set S($key) ""}
	foreach key {names processes known labels modes traced inner_terminals} {set S($key) [dict create]}
	set S(subject) [subject_of $case]
	set S(periodic) [expr {[dict_get $shell timer none] eq "periodic"}]
	set S(last_look) 0
	set S(foreground) 0
	set home $dir/home
	file mkdir $home $dir/actors $dir/bin
	file link -symbolic $dir/bin/actor $::actor
	exec mkfifo $dir/actors/events
	set S(directory) $dir/actors
	set S(events) [open $dir/actors/events {RDWR NONBLOCK}]
	fconfigure $S(events) -blocking 0 -translation binary
	foreach {name text} [dict get $scene files] {write_text $home/$name $text\n 0755}
	set env [list PATH=$dir/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=$home \
		TERM=dumb LANG=C "PS1=$ " EVENTS=$dir/actors/events ACTORS=$dir/actors {*}[dict get $shell env]]
	set command [shell_command $case $shell $scene $home $env]
	set options [list -e $dir/actors/events -d $home -s [substitute [dict get $case session] $variant] \
		-I [signal_mask [words [dict get $case ignored]]] \
		-B [signal_mask [words [dict get $case blocked]]] -w $dir/words]
	if {[dict get $case mode] eq "stdin"} {
		write_text $dir/input [dict get $scene script]\n
		lappend options -i $dir/input
	}
	if {[dict get $case terminal] eq "yes"} {
		open_terminal
		lappend options -t $S(slave)
	}
	write_text $dir/words [join [concat $env [list ""] $command [list ""]] \0]
	set S(stage) [open |[list $::stage {*}$options 2>@stderr] r+]
	fconfigure $S(stage) -buffering line
	set answered [gets $S(stage) line]
	if {[regexp {^no pid1 (.*)} $line -> why]} {throw NA "no PID namespace of its own: $why"}
	if {$answered < 0 || ![regexp {^parent (\d+) shell (\d+)$} $line -> S(init) S(shell)]} {
		error "the stage could not be set: $line"
	}
	dict set S(names) $S(subject) [list $S(shell)]
	set session [substitute [dict get $case session] $variant]
	# Which of a process's numbers is the scene's. As PID 1 the shell is one namespace deeper than
	# the silent parent, which has no number there.
	set S(depth) [llength [dict get [read_status $S(init)] NSpid]]
	set S(parent) 1
	if {$session eq "pid1"} {
		incr S(depth)
		set S(parent) 0
	}
	dict set S(known) $S(shell) [list running $S(parent) [expr {$session eq "shared" ? 1 : $S(shell)}] \
		[expr {$session in {leader pid1} ? $S(shell) : 1}]]
	dict set S(processes) $S(shell) running
}

# Expect's own pseudo-terminal, with nothing started on it.
proc open_terminal {} {
	global S spawn_id spawn_out
	spawn -noecho -nottycopy -nottyinit -pty
	set S(tty) $spawn_id
	set S(master) $spawn_id
	set S(slave) $spawn_out(slave,name)
	catch {close -slave -i $spawn_id}
	fconfigure $spawn_id -encoding utf-8 -translation binary
}

proc close_stage {} {
	global S
	if {[info exists S(stage)]} {catch {close $S(stage)}}
	if {[info exists S(events)]} {close $S(events)}
	if {[info exists S(master)]} {
		catch {close -i $S(master)}
		catch {wait -nowait -i $S(master)}
	}
	array unset S stage
	array unset S events
	array unset S master
}

# --- steps ---

set stimuli {type keys press signal storm hangup resize tell}

proc play_scene {case variant shell scene dir factor} {
	global S
	set S(deadline) [expr {[clock milliseconds] + int(30000 * $factor)}]
	open_stage $case $variant $shell $scene $dir
	set stuck 0
	set last ""
	foreach step [dict get $scene steps] {
		lassign $step verb rest
		if {$verb in $::stimuli && [dict get $case busy] ne "yes"} {settle}
		log_event step "$verb $rest"
		set last $verb
		if {![step_$verb $rest]} {
			set stuck 1
			break
		}
	}
	drain
	if {$stuck || $last ne "settle"} {
		if {!$stuck} {look}
		take_look ""
	}
	return [judge [dict get $scene rows] $variant $stuck]
}

proc to_terminal {text} {
	global S
	if {$S(tty) eq ""} {return 1}
	send -i $S(tty) -- $text
	return 1
}

proc step_type {text} {return [to_terminal $text\r]}
proc step_keys {text} {return [to_terminal $text]}

proc key_bytes {key} {
	if {![regexp {^\^(.)$} $key -> letter]} {error "no key $key"}
	return [format %c [expr {[scan $letter %c] ^ 0x40}]]
}

proc step_press {key} {return [to_terminal [key_bytes $key]]}

proc step_hangup {rest} {
	global S
	if {$S(tty) ne ""} {
		drain_terminal
		catch {close -i $S(master)}
		catch {wait -nowait -i $S(master)}
		unset S(master)
		set S(tty) ""
	}
	return 1
}

proc step_resize {size} {
	lassign [split $size x] rows columns
	ask_stage "size $rows $columns"
	return 1
}

# The process that is meant now; "" if there was none, or it has ended.
proc living {name} {
	global S
	set pid [pid_of $name [expr {[llength $S(log)] - 1}]]
	if {$pid eq ""} {return ""}
	if {[info exists S(ended,$pid)] || ![info exists S(outer,$pid)]} {look}
	if {![dict exists $S(processes) $pid] || [dict get $S(processes) $pid] eq "zombie"} {return ""}
	return $pid
}

# The number to send to: a process, or the negative of a group. "" when it has ended.
proc signal_target {name} {
	global S
	set group [regsub {\.group$} $name {} name]
	look
	set pid [living $name]
	if {$pid eq ""} {return ""}
	if {!$group} {return $S(outer,$pid)}
	# Only a group of this scene.
	if {$S(scene_group,$S(group,$pid)) == 0} {error "the group of $name is not in the scene"}
	return -$S(group,$pid)
}

proc step_signal {rest} {
	lassign [words $rest] sig name
	set target [signal_target $name]
	if {$target ne ""} {ask_stage "kill [signal_number $sig] $target"}
	return 1
}

proc step_tell {rest} {
	global S
	set words [words $rest]
	set pid [living [lindex $words 0]]
	if {$pid eq ""} {return 1}
	set fifo [expr {[info exists S(orders,$pid)] ? $S(orders,$pid) : $pid}]
	set channel [open $S(directory)/$fifo {WRONLY NONBLOCK}]
	puts $channel [join [lrange $words 1 end]]
	close $channel
	return 1
}

proc step_settle {label} {
	settle [string trim $label]
	return 1
}

proc holds {condition} {
	set value [evaluate $condition {} 0]
	return $value
}

proc step_await {rest} {
	global S
	set w [words $rest]
	if {$rest eq "$S(subject) ready"} {
		set S(wanted) {shell_reads 1}
	} elseif {$rest eq "$S(subject) waiting"} {
		set S(wanted) {shell_reads 0}
	} elseif {[llength $w] == 2 && [lindex $w 1] eq "ready"} {
		set S(wanted) [list actor_ready [lindex $w 0]]
	} else {
		if {[wait_for {expr {[holds $rest] eq "1"}}]} {return 1}
		set value [holds $rest]
		if {$value eq "?"} {throw INVISIBLE "[dict get $::reasons $S(why)] (await $rest)"}
		return 0
	}
	if {[lindex $S(wanted) 0] eq "actor_ready"} {
		if {[wait_for {actor_ready [lindex $w 0] 0}]} {return 1}
		return [actor_ready [lindex $w 0] 1]
	}
	# What a shell waits for is known when the scene has settled, not before.
	wait_for {expr 0}
	return [eval $S(wanted)]
}

# An actor is ready when it waits for what it is told, or, with the scene settled, for what it reads.
proc actor_ready {name settled} {
	global S
	set last [expr {[llength $S(log)] - 1}]
	set event [start_of $name 0 $last]
	if {$event eq ""} {return 0}
	if {$settled} {return 1}
	set pid [lindex $event 1]
	for {set i $last} {$i >= 0} {incr i -1} {
		set other [lindex $S(log) $i]
		if {[lindex $other 0] eq "ready" && [lindex $other 1] eq $pid} {return 1}
		if {[lindex $other 0] eq "ended" && [lindex $other 1] eq $pid} {return 1}
	}
	return 0
}

proc shell_reads {wanted} {
	global S
	if {![dict exists $S(processes) $S(shell)] || [dict get $S(processes) $S(shell)] ne "running"} {return 0}
	set reads 0
	set pid $S(outer,$S(shell))
	set status [read_status $pid]
	foreach thread [threads_of $pid $status] {
		lassign [split [string trim [slurp /proc/$pid/task/$thread/syscall]]] number fd
		if {$number eq "0" && [is_terminal $pid [expr {$fd}]]} {set reads 1}
		if {$number in {7 23 270 271} && $S(slave) ne ""} {set reads 1}
	}
	if {$wanted} {
		if {[barrier]} {set reads 0}
		return [expr {$reads && $S(foreground) eq [lindex [dict get $S(known) $S(shell)] 2]}]
	}
	return [expr {!$reads}]
}

proc is_terminal {pid fd} {
	global S
	if {[catch {file readlink /proc/$pid/fd/$fd} link]} {return 0}
	return [expr {$link eq $S(slave) || $link eq "/dev/tty"}]
}

# --- storms ---

set pauses {0 70 20 180 50 140 10 200 110 30 90 160 5 130 60 190 40 100 150 80}

proc pause_us {us} {
	set until [expr {[clock microseconds] + $us}]
	while {[clock microseconds] < $until} {}
}

proc pending {pid mask} {
	set status [read_status $pid]
	if {![dict exists $status ShdPnd]} {return 0}
	if {[string index [dict get $status State] 0] in {Z X}} {return 0}
	scan "[dict get $status SigPnd] [dict get $status ShdPnd]" "%llx %llx" own shared
	return [expr {(($own | $shared) & $mask) != 0}]
}

proc step_storm {rest} {
	global S
	set w [words $rest]
	set key ""
	set signals {}
	if {[string match ^* [lindex $w 0]]} {
		set key [key_bytes [lindex $w 0]]
		set name shell
		set w [lrange $w 1 end]
	} else {
		foreach word [split [lindex $w 0] ,] {lappend signals [signal_number $word]}
		set name [lindex $w 1]
		set w [lrange $w 2 end]
	}
	set event ""
	set count 1000
	if {[lindex $w 0] eq "until"} {
		set event [join [lrange $w 1 end]]
	} else {
		set count [lindex $w 0]
	}
	set target [signal_target $name]
	for {set i 0} {$i < $count && $target ne ""} {incr i} {
		drain
		if {$event ne "" && [holds $event] eq "1"} break
		if {![storm_once $key $signals $i $target]} break
		if {[is_too_late]} {throw TIMEOUT "the storm did not end"}
		pause_us [lindex $::pauses [expr {$i % [llength $::pauses]}]]
	}
	if {$event eq ""} {return 1}
	return [step_await $event]
}

# One signal or key, and the wait until it was taken; 0 when the target has ended.
proc storm_once {key signals i target} {
	global S
	set pid [expr {abs($target)}]
	if {$key ne ""} {
		to_terminal $key
		set mask -1
	} else {
		set sig [lindex $signals [expr {$i % [llength $signals]}]]
		if {[ask_stage "kill $sig $target"] ne "0"} {return 0}
		set mask [expr {1 << ($sig - 1)}]
	}
	while {([set unread [expr {$key ne "" && [barrier]}]] || [pending $pid $mask])} {
		drain
		if {[is_too_late]} {throw TIMEOUT "a signal of the storm was not taken"}
		if {[string index [dict_get [read_status $pid] State Z] 0] in {Z X}} {return 0}
	}
	return [expr {[string index [dict_get [read_status $pid] State Z] 0] ni {Z X}}]
}

proc dict_get {dict key default} {
	return [expr {[dict exists $dict $key] ? [dict get $dict $key] : $default}]
}
