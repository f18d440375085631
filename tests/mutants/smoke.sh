#!/bin/sh
# What every shell must be able to do before it is worth a question about signals (source.sh).
x=$(echo a; exit 3)
echo "$x $?"
for i in 1 2 3; do echo "$i"; done | cat
sh -c 'exit 7'
echo $?
sleep 0 &
wait $!
echo $?
trap 'echo end' EXIT
if [ -d / ]; then echo directory; fi
case $x in a) echo matched ;; esac
f() { return 2; }
f || echo $?
