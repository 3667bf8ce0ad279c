//! Our VM beside cannon.

use anyhow::Result;
use kohala_interop::cannon::{Cannon, Case, KINDS, Lockstep, Request, program};
use std::collections::BTreeMap;

#[test]
fn trial() -> Result<()> {
    let cannon = Cannon::build()?;
    let mut lockstep = Lockstep::start(&cannon)?;
    let start = std::time::Instant::now();
    let mut panics: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for number in 0..8000 {
        let case = Case::new(1, number);
        let request = Request {
            state: Some(case.state.encode().into()),
            preimages: Some(case.preimages),
            steps: 1,
            prove: true,
            ..Request::default()
        };
        let answer = lockstep.ask(&request)?;
        let text: String = answer.panic.chars().take(24).collect();
        *panics.entry((KINDS[case.kind], text)).or_default() += 1;
    }
    println!("{:.2} s {panics:#?}", start.elapsed().as_secs_f64());
    let start = std::time::Instant::now();
    for number in 0..40 {
        let (state, preimages) = program(1, number);
        let request = Request {
            state: Some(state.encode().into()),
            preimages: Some(preimages),
            steps: 500,
            prove: false,
            ..Request::default()
        };
        let answer = lockstep.ask(&request)?;
        println!(
            "{number}: {} steps, {} {} {:?}",
            answer.step,
            answer.exited,
            answer.panic,
            answer.hints.map(|h| h.len())
        );
    }
    println!("{:.2} s", start.elapsed().as_secs_f64());
    Ok(())
}
