# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What does a program see that packets are queued to before and after NAT, and what becomes of its verdict?'
setup 'On the router UDP to its port 1009 goes to port 9 of the server. Probes at prerouting queue it: -101 to queue 1, -99 to' \
	'queue 2. A program on each prints what it gets, and accepts. Then that of queue 2 drops.'
redirect udp 1009 9
# judge QUEUE VERDICT: the program, there when this returns.
judge() {
	ip netns exec router qemu/nfqueue "$1" "$2" >"/run/queue$1" &
	judge=$!
	poll grep -q listening "/run/queue$1"
}
printed() { sed -n 's/^hook 0 len [0-9]* //p' "/run/queue$1" | tail -n 1; }
judge 1 accept
judge 2 accept
probe router before hook=prerouting priority=dstnat-1 'match=proto udp sport 40504-40506' 'action=queue 1'
probe router after hook=prerouting priority=dstnat+1 'match=proto udp sport 40504-40506' 'action=queue 2'
for v in 4 6; do
	udp client "${near[$v]}" 1009 "4050$v"
	expect "IPv$v, queue 1 gets" "$(ends "${client[$v]}" "4050$v" "${near[$v]}" 1009)" printed 1
	expect "IPv$v, queue 2 gets" "$(ends "${client[$v]}" "4050$v" "${server[$v]}" 9)" printed 2
done
expect 'arrived' 2 arrived
kill "$judge"
wait "$judge" 2>/dev/null || :
judge 2 drop
for v in 4 6; do
	udp client "${near[$v]}" 1009 "4050$v"
	expect "IPv$v, queue 2 gets it" "$(ends "${client[$v]}" "4050$v" "${server[$v]}" 9)" printed 2
done
expect 'arrived, queue 2 drops' 2 arrived
expect 'verdict queue at -101' 4 figure before 'verdict queue'
expect 'verdict queue at -99' 4 figure after 'verdict queue'
why 'A packet is queued where the hook stands, as it is there, and what the program accepts goes on with the next hook: NAT comes' \
	'between the two queues. What it drops is gone.'
