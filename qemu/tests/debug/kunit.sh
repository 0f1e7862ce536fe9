#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# KUnit suites of a module run at insmod, and a failure in them is seen (rust/tests/kunit.rs).
. qemu/lib.sh

check 'a suite that is not there has not passed' fails kunit nf_test_kunit
modload nf_test_kunit
check 'the suite passes' kunit nf_test_kunit
check 'with both of its tests' grep -E 'pass:2 fail:0 skip:0 total:2$' /sys/kernel/debug/kunit/nf_test_kunit/results
check 'the suite that fails has not passed' fails kunit nf_test_kunit_fails
check 'its test has run' grep -E '^ +not ok 1 on_purpose$' /sys/kernel/debug/kunit/nf_test_kunit_fails/results
check 'unloads' modunload nf_test_kunit
