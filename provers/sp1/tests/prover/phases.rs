//! What a guest says about where it is.

use kohala_sp1::phases::{Phase, Phases};

#[test]
fn phases_are_summed_and_may_lie_in_each_other() {
    let mut phases = Phases::default();
    phases.see("cycle-tracker-report-start:outer\n", 10);
    for start in [20, 40] {
        phases.see("cycle-tracker-report-start:inner\n", start);
        phases.see("cycle-tracker-report-end:inner\nhello\n", start + 5);
    }
    phases.see("cycle-tracker-report-end:outer", 100);
    // Nobody began it.
    phases.see("cycle-tracker-report-end:inner", 101);
    phases.see("cycle-tracker-report-start:last", 102);
    let phase = |name: &str, cycles, times| Phase { name: name.to_owned(), cycles, times };
    assert_eq!(phases.finish(110), [phase("outer", 90, 1), phase("inner", 10, 2), phase("last", 8, 1)]);
}
