# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What becomes of packets that are queued where nobody listens?'
setup 'A probe at the router'\''s forward 0 queues UDP to queue 5, which no program has; without bypass, and with it.'
probe router queue hook=forward 'match=proto udp dport 9' 'action=queue 5'
for v in 4 6; do udp client "${server[$v]}" 9 "4060$v"; done
expect 'queue 5: queued' 2 figure queue 'verdict queue'
expect 'queue 5: arrived' 0 arrived
write queue active 0
write queue action 'queue 5 bypass'
write queue active 1
for v in 4 6; do udp client "${server[$v]}" 9 "4060$v"; done
expect 'queue 5 bypass: queued' 4 figure queue 'verdict queue'
expect 'queue 5 bypass: arrived' 2 arrived
why 'A verdict of queue without a listener is a drop; NF_VERDICT_FLAG_QUEUE_BYPASS makes it an accept. A firewall that shall fail' \
	'closed leaves the flag out.'
