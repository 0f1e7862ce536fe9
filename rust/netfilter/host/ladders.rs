// SPDX-License-Identifier: GPL-2.0-only

//! nf_path's rungs, in chains that behave as the core's.

use crate::layout::{missing, Place};

/// As the core has it: hooks with their priorities.
struct Chain(Vec<(i32, Place)>);

impl Chain {
    /// Before those that have the priority already.
    fn register(&mut self, priority: i32, place: Place) {
        let at = self.0.partition_point(|&(other, _)| other < priority);
        self.0.insert(at, (priority, place));
    }

    fn foreign(&mut self, priority: i32) {
        self.register(priority, Place::Foreign(priority));
    }

    fn missing(&self) -> Vec<i32> {
        missing(self.0.iter().map(|&(_, place)| place)).collect()
    }

    fn lay(&mut self) {
        for priority in self.missing() {
            self.register(priority, Place::Rung);
        }
    }

    /// The priorities between each two rungs, before the first and behind the last.
    fn gaps(&self) -> Vec<Vec<i32>> {
        self.0
            .split(|&(_, place)| place == Place::Rung)
            .map(|gap| gap.iter().map(|&(priority, _)| priority).collect())
            .collect()
    }
}

#[test]
fn a_rung_behind_each_priority() {
    let mut chain = Chain(Vec::new());
    for priority in [i32::MIN, -200, -200, 0, 1, 2, i32::MAX - 1, i32::MAX] {
        chain.foreign(priority);
    }
    chain.lay();
    let wanted: [&[i32]; 8] = [
        &[],
        &[i32::MIN],
        &[-200, -200],
        &[0],
        &[1],
        &[2],
        &[i32::MAX - 1],
        &[i32::MAX],
    ];
    assert_eq!(chain.gaps(), wanted);
    assert!(chain.missing().is_empty());
}

#[test]
fn an_empty_chain_has_one() {
    let mut chain = Chain(Vec::new());
    chain.lay();
    assert_eq!(chain.gaps(), [[], []] as [[i32; 0]; 2]);
}

/// Hooks come and go at random; rungs are only put in.
#[test]
fn one_priority_a_gap_whatever_happens() {
    let mut random = 1u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for _ in 0..1000 {
        let mut chain = Chain(Vec::new());
        for _ in 0..30 {
            let foreign: Vec<_> = (0..chain.0.len())
                .filter(|&at| chain.0[at].1 != Place::Rung)
                .collect();
            match next(3) {
                0 if !foreign.is_empty() => {
                    chain.0.remove(foreign[next(foreign.len() as u64) as usize]);
                }
                _ => {
                    let priorities = [i32::MIN, -1, 0, 1, 2, 3, 7, i32::MAX - 1, i32::MAX];
                    chain.foreign(priorities[next(priorities.len() as u64) as usize]);
                }
            }
            if next(2) == 0 {
                chain.lay();
                assert!(chain.missing().is_empty());
                let gaps = chain.gaps();
                assert!(gaps[0].is_empty());
                assert!(gaps.iter().flatten().count() == 0 || gaps.len() > 1);
                for gap in gaps {
                    assert!(gap.iter().all(|&priority| priority == gap[0]));
                }
            }
        }
    }
}

/// A ruleset that is loaded again leaves the rungs where they are.
#[test]
fn reloading_needs_no_rung() {
    let mut chain = Chain(Vec::new());
    [-200, 0, 50].into_iter().for_each(|p| chain.foreign(p));
    chain.lay();
    for _ in 0..3 {
        chain
            .0
            .retain(|&(_, place)| !matches!(place, Place::Foreign(0 | 50)));
        chain.foreign(0);
        chain.foreign(50);
        assert!(chain.missing().is_empty());
    }
}
