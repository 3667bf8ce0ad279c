//! Every recorded claim is right, and none of its falsifications is.

use crate::support::{blocks, but, claims, data_flags, file, run, verify};
use alloy_primitives::{B256, keccak256};
use kohala_testdata::{CHAINS, Claim};

/// All claims with the chains they are about.
fn all() -> Vec<(&'static str, Claim)> {
    CHAINS.into_iter().flat_map(|chain| claims(chain).into_iter().map(move |claim| (chain, claim))).collect()
}

/// The claims on one block, which cost little: every falsification is made of each.
fn short() -> Vec<(&'static str, Claim)> {
    let short: Vec<_> = all().into_iter().filter(|(_, claim)| blocks(claim) == 1).collect();
    assert_eq!(short.len(), 12);
    short
}

#[test]
fn recorded_claims_are_valid() {
    let all = all();
    assert_eq!(all.len(), 17);
    for (chain, claim) in all {
        let path = file(chain, "claims").join(format!("{}.json", claim.name()));
        let flags = ["verify".to_owned(), "--json".to_owned(), format!("--claim={}", path.display())];
        let run = run([flags.to_vec(), data_flags(chain)].concat());
        assert!(run.is_valid(), "{chain} {}", claim.name());
        let json = run.json();
        let root = claim.claimed_l2_output_root.to_string();
        assert_eq!(json["output_root"], root);
        assert_eq!(json["claimed_output_root"], root);
        assert_eq!(json["block_number"], claim.claimed_l2_block_number);
        assert_eq!(json["claimed_block_number"], claim.claimed_l2_block_number);
        assert_eq!(json["l1_head"], claim.l1_head.to_string());
        assert_eq!(json["agreed_output_root"], claim.agreed_l2_output_root.to_string());
        assert_eq!(json["blocks"], blocks(&claim), "{chain} {}", claim.name());
        assert!(json["transactions"].as_u64().unwrap() >= blocks(&claim));
        assert!(json["gas_used"].as_u64().unwrap() > 21_000);
        assert!(json["preimages"]["keccak256"]["number"].as_u64().unwrap() > 20);
        assert!(json["seconds"]["total"].as_f64().unwrap() > 0.0);
        assert_eq!(run.stderr, "");
    }
}

/// The claims that ARE the activations: the first block of Holocene, of Isthmus, of Jovian, and a span over all.
#[test]
fn claims_cross_every_activation() {
    let names: Vec<_> = claims("staged").iter().map(Claim::name).collect();
    for name in ["9-10", "19-20", "29-30", "1-35"] {
        assert!(names.iter().any(|found| found == name), "{name}");
    }
}

#[track_caller]
fn refuted(chain: &str, claim: &Claim, wrong: &Claim) {
    let run = verify(chain, wrong);
    assert!(!run.is_valid(), "{chain} {}: {wrong:?}", claim.name());
    let json = run.json();
    assert_eq!(json["claimed_output_root"], wrong.claimed_l2_output_root.to_string());
    assert_eq!(json["output_root"], claim.claimed_l2_output_root.to_string());
    assert_eq!(json["block_number"], claim.claimed_l2_block_number);
}

#[test]
fn changed_root_is_invalid() {
    for (chain, claim) in all() {
        refuted(chain, &claim, &but(&claim, |claim| claim.claimed_l2_output_root.0[31] ^= 1));
    }
}

#[test]
fn zero_root_is_invalid() {
    for (chain, claim) in short() {
        refuted(chain, &claim, &but(&claim, |claim| claim.claimed_l2_output_root = B256::ZERO));
    }
}

/// What a claim repeats is right only where no further block comes of L1 (rules Z01).
#[test]
fn repeated_root_is_invalid() {
    for (chain, claim) in short() {
        refuted(chain, &claim, &but(&claim, |claim| claim.claimed_l2_output_root = claim.agreed_l2_output_root));
    }
    let long = claims("main").into_iter().find(|claim| blocks(claim) == 50).unwrap();
    refuted("main", &long, &but(&long, |claim| claim.claimed_l2_output_root = claim.agreed_l2_output_root));
}

#[test]
fn changed_agreed_root_is_named_as_missing() {
    for (chain, claim) in all() {
        let wrong = but(&claim, |claim| claim.agreed_l2_output_root.0[31] ^= 1);
        let hint = format!("l2-output {}", wrong.agreed_l2_output_root);
        let key = format!("keccak256 key 0x02{}", &wrong.agreed_l2_output_root.to_string()[4..]);
        verify(chain, &wrong).error_names(&["no verdict", "agreed output root", &hint, &key]);
    }
}

#[test]
fn zero_agreed_root_is_refused() {
    for (chain, claim) in short() {
        let wrong = but(&claim, |claim| claim.agreed_l2_output_root = B256::ZERO);
        verify(chain, &wrong).error_names(&["--agreed-l2-output-root is zero"]);
        // Nor does it help to claim nothing of nothing.
        let wrong = but(&wrong, |claim| claim.claimed_l2_output_root = B256::ZERO);
        verify(chain, &wrong).error_names(&["--agreed-l2-output-root is zero"]);
    }
}

#[test]
fn unknown_l1_head_is_named_as_missing() {
    for (chain, claim) in all() {
        let wrong = but(&claim, |claim| claim.l1_head = keccak256(claim.l1_head));
        let hint = format!("l1-block-header {}", wrong.l1_head);
        let key = format!("keccak256 key 0x02{}", &wrong.l1_head.to_string()[4..]);
        verify(chain, &wrong).error_names(&["no verdict", "Check the L1 head", &hint, &key]);
        verify(chain, &but(&claim, |claim| claim.l1_head = B256::ZERO)).error_names(&["--l1-head is zero"]);
    }
}

/// At the claimed block's own L1 origin its batch is not on L1 yet: the claim is wrong there, and the last root that
/// L1 has given rise to by then is right.
#[test]
fn earlier_l1_head_refutes() {
    let mut repeated = 0;
    for (chain, claim) in short() {
        let hashes = l1_hashes(chain);
        let early = but(&claim, |claim| claim.l1_head = hashes[claim.claim_l1_origin as usize]);
        let run = verify(chain, &early);
        assert!(!run.is_valid(), "{chain} {}", claim.name());
        let json = run.json();
        assert_eq!(json["block_number"], claim.agreed_block);
        assert_eq!(json["output_root"], claim.agreed_l2_output_root.to_string());
        let extended = but(&early, |claim| claim.claimed_l2_output_root = claim.agreed_l2_output_root);
        repeated += u32::from(verify(chain, &extended).is_valid());
    }
    assert_eq!(repeated, 12);
}

/// The agreed block can't build on an L1 block that is not there yet.
#[test]
fn l1_head_below_the_agreed_blocks_origin_contradicts() {
    for (chain, claim) in short().into_iter().filter(|(_, claim)| claim.agreed_l1_origin > 0) {
        let hashes = l1_hashes(chain);
        let origin = claim.agreed_l1_origin;
        let early = but(&claim, |claim| claim.l1_head = hashes[origin as usize - 1]);
        let head = format!("the L1 head has the number {}", origin - 1);
        let named = format!("L1 block {origin} ({}), the agreed L2 block's origin", hashes[origin as usize]);
        verify(chain, &early).error_names(&["no verdict: the inputs contradict each other", &head, &named]);
    }
}

fn l1_hashes(chain: &str) -> Vec<B256> {
    kohala_testdata::chain(chain).l1.iter().map(|record| record.hash).collect()
}

/// One block further there is another root, or data that was not recorded is missing. Where the claimed block is the
/// last that L1 gives rise to, its root is right for every later number (rules Z02).
#[test]
fn root_of_the_block_before_is_valid_only_at_the_end_of_l1() {
    let mut at_the_end = Vec::new();
    for (chain, claim) in short() {
        let run = verify(chain, &but(&claim, |claim| claim.claimed_l2_block_number += 1));
        if run.code == 2 {
            run.error_names(&["no preimage for the keccak256 key", "which the hint"]);
        } else if run.is_valid() {
            assert_eq!(run.json()["block_number"], claim.claimed_l2_block_number);
            let junk = but(&claim, |claim| {
                claim.claimed_l2_block_number += 1;
                claim.claimed_l2_output_root.0[0] ^= 1;
            });
            assert!(!verify(chain, &junk).is_valid());
            at_the_end.push(format!("{chain} {}", claim.name()));
        } else {
            assert_eq!(run.json()["block_number"], claim.claimed_l2_block_number + 1);
        }
    }
    assert_eq!(at_the_end, ["staged 19-20", "staged 29-30", "full 15-16", "full 20-21"]);
}

#[test]
fn root_of_the_block_after_is_invalid() {
    for (chain, claim) in short() {
        let wrong = but(&claim, |claim| claim.claimed_l2_block_number -= 1);
        let run = verify(chain, &wrong);
        assert!(!run.is_valid(), "{chain} {}", claim.name());
        assert_eq!(run.json()["output_root"], claim.agreed_l2_output_root.to_string());
        assert_eq!(run.json()["blocks"], 0);
    }
    let long = claims("main").into_iter().find(|claim| blocks(claim) == 50).unwrap();
    let run = verify("main", &but(&long, |claim| claim.claimed_l2_block_number -= 1));
    assert!(!run.is_valid());
    assert_eq!(run.json()["block_number"], long.claimed_l2_block_number - 1);
}

#[test]
fn claim_below_the_agreed_block_contradicts() {
    for (chain, claim) in short().into_iter().filter(|(_, claim)| claim.agreed_block > 0) {
        for number in [claim.agreed_block - 1, 0] {
            let wrong = but(&claim, |claim| claim.claimed_l2_block_number = number);
            let named = format!("claimed block number {number} is below the agreed block's, {}", claim.agreed_block);
            verify(chain, &wrong).error_names(&["no verdict: the inputs contradict each other", &named]);
        }
    }
}
