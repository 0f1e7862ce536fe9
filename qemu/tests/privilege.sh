#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Who is not root reads, changes and learns nothing of what our modules know: neither an unprivileged user, nor root of a user and
# network namespace of their own. That root can, by the same command, shows that there is something. Topology: lib.sh.
. qemu/lib.sh
. qemu/lab.sh

user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
# All capabilities there, and none here.
contained=("${user[@]}" unshare --user --map-root-user --net --mount)

topology
serve server 80
debugfs=/sys/kernel/debug tracefs=/sys/kernel/tracing
modload nf_path
modload nf_lab
modload nf_example_print_packets
probe router p hook=forward log=1000
echo 1 >"$tracefs/events/nf_path/enable"
tcp client 10.0.2.2 80 40004
check 'there is a packet to read of' path_ended ':40004>.* TCP flags=S'
check 'the user is one' same 65534 "$("${user[@]}" id -u)"
check 'the other is root in a namespace of theirs' same 0 "$("${contained[@]}" id -u)"
check 'with all capabilities there' "${contained[@]}" ip link add d0 type dummy

# reserved WHAT COMMAND...: neither can, and root can.
reserved() {
	check "user: $1: refused" fails "${user[@]}" "${@:2}"
	check "root in a namespace: $1: refused" fails "${contained[@]}" "${@:2}"
	check "root: $1" "${@:2}"
}
for file in "$debugfs"/nf_path/{hooks,filter} "$lab"/p/* "$tracefs"/{trace,events/nf_path/{enable,step/format}} \
	/sys/module/nf_{path,lab}/sections/.text; do
	reserved "read ${file#/sys/}" cat "$file"
done
# Mounted for all to see, as some do: the files are not for all.
mount -o remount,mode=755 "$debugfs"
reserved 'read nf_path/hooks in an open debugfs' cat "$debugfs/nf_path/hooks"
reserved 'write nf_path/filter in an open debugfs' bash -c "echo proto tcp >$debugfs/nf_path/filter"
mount -o remount,mode=700 "$debugfs"
for type in debugfs tracefs configfs; do
	reserved "mount $type" unshare --mount mount -t "$type" none /mnt
done
reserved 'write nf_path/filter' bash -c "echo >$debugfs/nf_path/filter"
reserved 'remove a probe' rmdir "$lab/p"
reserved 'make a probe' mkdir "$lab/p"
write p hook forward
reserved 'tell a probe' bash -c "echo drop >$lab/p/action"
reserved 'let a probe loose' bash -c "echo 1 >$lab/p/active"
sweep

reserved 'read the log' bash -c 'dmesg | grep -q nf_path:'
reserved 'read /dev/kmsg' timeout 10 grep -qm 1 nf_path: /dev/kmsg
reserved 'record the tracepoints' perf record -q -o /dev/null -e nf_path:end true
reserved "learn where a module's code is (kallsyms)" grep -E '^0*[1-9a-f][0-9a-f]* .*\[nf_path\]' /proc/kallsyms
reserved "learn where a module's code is (modules)" grep -E '^nf_path .* 0x0*[1-9a-f]' /proc/modules
reserved "enter another's network namespace" nsenter --net=/run/netns/router true
reserved 'remove a module' rmmod nf_example_print_packets
reserved 'load a module' insmod "$modules/examples/nf_example_print_packets.ko"
check 'modules show no parameters' same '' "$(find /sys/module/nf_{path,lab,example_print_packets} -name parameters)"

# What root of a network namespace may see of it: the hooks there, by name, and no addresses.
own=$("${contained[@]}" nft list hooks)
check 'hooks in a namespace of their own are listed' grep -q nf_example_print_packets <<<"$own"
# Pointers of x86_64: in the kernel's half.
pointers='(^|[^0-9a-f])(0x)?ffff[0-9a-f]{12}($|[^0-9a-f])'
check 'with no pointers' fails grep -E "$pointers" <<<"$own"
# Not even root is told pointers, but by the files that are for that.
probe router p hook=forward log=1000
tcp client 10.0.2.2 80 40014
everything() {
	cat "$debugfs"/nf_path/* "$lab"/p/*
	within router nft list hooks
	dmesg | grep -E 'nf_(path|lab|example_[a-z_]*):'
	cat "$tracefs/trace"
}
everything >/run/everything
check 'what modules tell root has packets' grep -c :40014 /run/everything
check 'and no pointers' fails grep -E "$pointers" /run/everything
check 'which would have been found' grep -qE "$pointers" /proc/kallsyms
# Nothing can be written by others than root.
check 'no file is for all to write' same '' \
	"$(find "$debugfs/nf_path" "$lab" "$tracefs/events/nf_path" /sys/module/nf_* -perm /0002 -not -type l)"
sweep
modunload nf_lab
modunload nf_example_print_packets
