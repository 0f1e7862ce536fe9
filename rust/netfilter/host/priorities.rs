// SPDX-License-Identifier: GPL-2.0-only

use crate::netfilter::priority::{Priority, PriorityName, BRIDGE_NAMES, OTHER_NAMES};

#[test]
fn priorities() {
    for (priority, text) in [
        (Priority::CONNTRACK.before(), "conntrack-1"),
        (Priority::FILTER, "filter"),
        (Priority::FILTER.after(), "filter+1"),
        (Priority::new(-95), "dstnat+5"),
        (Priority::new(-250), "-250"),
        (Priority::FIRST.before(), "first"),
        (Priority::LAST.after(), "last"),
        (Priority::LAST.before(), "last-1"),
    ] {
        assert_eq!(priority.to_string(), text);
    }
    for (priority, names, text) in [
        (
            Priority::BRIDGE_FILTER_BRIDGED.after(),
            BRIDGE_NAMES,
            "filter+1",
        ),
        (Priority::BRIDGE_BRNF.before(), BRIDGE_NAMES, "brnf-1"),
        (Priority::BRIDGE_NAT_SRC, BRIDGE_NAMES, "srcnat"),
        (Priority::FILTER, OTHER_NAMES, "filter"),
        (Priority::CONNTRACK, OTHER_NAMES, "-200"),
    ] {
        assert_eq!(PriorityName::new(priority, names).to_string(), text);
    }
    assert_eq!(Priority::NAT_SRC.offset(-1).get(), 99);
    assert_eq!(Priority::new(7).offset(i32::MAX), Priority::LAST);
}

#[test]
fn priorities_are_read() {
    for (text, priority) in [
        ("conntrack", -200),
        ("conntrack-1", -201),
        ("conntrack+1", -199),
        ("raw-before-defrag", -450),
        ("raw-before-defrag-50", -500),
        ("raw-before", i32::MIN),
        ("selinux-last+0", 225),
        ("-95", -95),
        ("+7", 7),
        ("first", i32::MIN),
        ("last", i32::MAX),
        ("2147483647", i32::MAX),
    ] {
        let wanted = (text != "raw-before").then_some(Priority::new(priority));
        assert_eq!(Priority::parse(text.as_bytes()), wanted, "{text}");
    }
    for text in [
        "",
        "-",
        "conntrack-",
        "conntrack1",
        "conntrack - 1",
        "last+1",
        "first-1",
        "2147483648",
        "-2147483649",
        "0x10",
        "conntrack--1",
        "filter+99999999999999999999",
        "Filter",
        "\u{e9}",
    ] {
        assert_eq!(Priority::parse(text.as_bytes()), None, "{text}");
    }
    for priority in (-600..600).chain([i32::MIN, i32::MIN + 3, i32::MAX - 1, i32::MAX]) {
        let priority = Priority::new(priority);
        assert_eq!(
            Priority::parse(priority.to_string().as_bytes()),
            Some(priority)
        );
    }
}
