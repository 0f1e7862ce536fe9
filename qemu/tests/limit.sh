#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Two CPUs share so many lines a second, no more and no less, also where one second becomes the next
# (rust/tests/nf_test_limit.ko, 1000 a second).
. qemu/lib.sh

modload nf_test_limit
modunload nf_test_limit
check 'all lines of ten seconds, and no more' lines '^nf_test_limit: 10 seconds, 10000 printed, suppressed some: true$'
